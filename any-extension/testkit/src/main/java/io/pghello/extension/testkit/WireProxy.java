// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.proxy.ProxyConnection;
import io.pghello.extension.testkit.internal.proxy.ProxyCounters;
import io.pghello.extension.testkit.internal.proxy.ProxyDelay;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TCP proxy between clients and a PostgreSQL server. It counts round trips, and can delay
 * traffic, pause it, or reset connections.
 *
 * <pre>{@code
 * @Test
 * void selectTakesOneRoundTrip(DataSource dataSource, WireProxy proxy) throws Exception {
 *   try (Connection connection = dataSource.getConnection()) {
 *     proxy.assertRoundTrips(1, () -> connection.createStatement().execute("SELECT 1"));
 *   }
 * }
 * }</pre>
 *
 * <p>Thread-safe. The proxy counts a message before it forwards it, so the count is up to date when
 * the client receives the response.
 *
 * <p>A round trip is a {@code ReadyForQuery} message from the server, which ends the login and the
 * response to {@code Sync} or to a simple query (see "Frontend/Backend Protocol" in PostgreSQL's
 * documentation). Two kinds are not counted:
 *
 * <ul>
 *   <li>The response to an empty simple query, which {@link java.sql.Connection#isValid} sends.
 *       Pools call that method for connections that have been idle for some time (500 ms in
 *       HikariCP), so the count would depend on the machine's load.
 *   <li>Round trips of encrypted connections. Such connections work, but {@link
 *       #countRoundTrips(Action)} fails for them.
 * </ul>
 */
public final class WireProxy implements AutoCloseable {
  /** An action for {@link #countRoundTrips}. */
  @FunctionalInterface
  public interface Action {
    /** Runs the action. */
    void run() throws Exception;
  }

  private final ServerSocket listener;
  private final InetSocketAddress target;
  private final Set<ProxyConnection> open = ConcurrentHashMap.newKeySet();
  private final ProxyCounters counters = new ProxyCounters();
  private final ProxyDelay delay = new ProxyDelay();
  private final AtomicInteger threads = new AtomicInteger();
  private volatile boolean closed;

  /**
   * Starts a proxy; see {@link #to(String, int)}.
   *
   * @throws UncheckedIOException if the proxy cannot listen
   */
  private WireProxy(String host, int port) {
    this.target = new InetSocketAddress(host, port);
    try {
      this.listener = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start("pg-hello-proxy-accept", this::accept);
  }

  /**
   * Starts a proxy in front of a server, on a free port of the loopback interface.
   *
   * @param host the host of the server
   * @param port the port of the server
   * @throws UncheckedIOException if the proxy cannot listen
   */
  public static WireProxy to(String host, int port) {
    return new WireProxy(host, port);
  }

  /** Starts a proxy in front of a server on this machine; see {@link #to(String, int)}. */
  public static WireProxy to(int port) {
    return to("127.0.0.1", port);
  }

  /** Returns the address that clients connect to. */
  public String host() {
    return listener.getInetAddress().getHostAddress();
  }

  /** Returns the port that clients connect to. */
  public int port() {
    return listener.getLocalPort();
  }

  /** Returns the number of round trips so far on all connections. */
  public long roundTrips() {
    return counters.roundTrips();
  }

  /**
   * Returns the number of statements executed so far. Each Execute message and each simple query
   * counts as one.
   */
  public long statements() {
    return counters.statements();
  }

  /** Returns the number of connections opened so far. */
  public long connections() {
    return counters.connections();
  }

  /** Returns the number of open connections. */
  public int openConnections() {
    return open.size();
  }

  /** Returns the number of bytes sent by clients so far. */
  public long bytesToServer() {
    return counters.bytesToServer();
  }

  /** Returns the number of bytes sent by the server so far. */
  public long bytesToClient() {
    return counters.bytesToClient();
  }

  /**
   * Runs an action, and returns the number of round trips on all connections during the action.
   *
   * @throws IllegalStateException if a connection was encrypted, because its round trips cannot be
   *     counted
   * @throws Exception if the action fails
   */
  public long countRoundTrips(Action action) throws Exception {
    long before = roundTrips();
    action.run();
    if (counters.encryptedConnections() > 0) {
      throw new IllegalStateException(
          "round trips of encrypted connections cannot be counted: connect with sslmode=disable");
    }
    return roundTrips() - before;
  }

  /**
   * Runs an action and fails unless it makes the expected number of round trips.
   *
   * @throws AssertionError if the number differs
   * @throws Exception if the action fails
   */
  public void assertRoundTrips(long expected, Action action) throws Exception {
    long actual = countRoundTrips(action);
    if (actual != expected) {
      throw new AssertionError("expected " + expected + " round trips, but there were " + actual);
    }
  }

  /**
   * Delays all traffic from now on, like a network with this round-trip time.
   *
   * @param roundTrip the sum of the delays in both directions; zero for no delay
   * @throws IllegalArgumentException if the duration is negative
   */
  public void delay(Duration roundTrip) {
    if (roundTrip.isNegative()) {
      throw new IllegalArgumentException("delay must not be negative, but is " + roundTrip);
    }
    delay.set(roundTrip);
  }

  /** Stops all traffic until {@link #resume()}. Connections stay open. */
  public void pause() {
    delay.pause();
  }

  /** Ends a {@link #pause()}, and forwards the traffic that was held back. */
  public void resume() {
    delay.resume();
  }

  /** Resets all open connections, both to the clients and to the server. */
  public void resetConnections() {
    open.forEach(ProxyConnection::reset);
  }

  /** Resets all connections and stops listening. Further calls do nothing. */
  @Override
  public void close() {
    closed = true;
    resume();
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      resetConnections();
    }
  }

  @Override
  public String toString() {
    return host() + ":" + port() + " -> " + target.getHostString() + ":" + target.getPort();
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = listener.accept();
        start("pg-hello-proxy-connect", () -> connect(client));
      } catch (IOException e) {
        if (!closed) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private void connect(Socket client) {
    var server = new Socket();
    try {
      server.connect(target);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
    } catch (IOException e) {
      // resets the client's connection, because without a proxy the client could not connect either
      ProxyConnection.reset(client);
      ProxyConnection.reset(server);
      return;
    }
    var connection = new ProxyConnection(client, server, counters, delay, open::remove);
    open.add(connection);
    if (closed) {
      connection.reset();
      return;
    }
    connection.start(this::start);
  }

  private void start(String name, Runnable action) {
    threads.incrementAndGet();
    var thread =
        new Thread(
            () -> {
              try {
                action.run();
              } finally {
                threads.decrementAndGet();
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Returns the number of running threads of this proxy. */
  int threads() {
    return threads.get();
  }
}
