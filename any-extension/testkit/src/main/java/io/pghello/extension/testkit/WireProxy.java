// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.ProxyConnection;
import io.pghello.extension.testkit.internal.ProxyCounters;
import io.pghello.extension.testkit.internal.ProxyDelay;
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
 * A TCP proxy between clients and a PostgreSQL server: it counts round trips, delays what passes,
 * holds it up, and cuts connections.
 *
 * <p>A round trip is a {@code ReadyForQuery} message of the server, the response to {@code Sync} or
 * to a simple query (PostgreSQL's documentation, "Frontend/Backend Protocol"). The message at the
 * end of the login also counts. A simple query without text is not counted: {@link
 * java.sql.Connection#isValid} sends it. A pool calls that for a connection that was idle for some
 * time (500 ms in HikariCP), so the number would depend on how busy the machine is. Encrypted
 * connections pass, but are not counted, so {@link #countRoundTrips(Action)} refuses them.
 *
 * <p>Thread-safe. Messages are counted before they are forwarded to the client, so a client that
 * has its response finds it counted.
 */
public class WireProxy implements AutoCloseable {
  /** An action with round trips that {@link #countRoundTrips} counts. */
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
   * Starts a proxy, for subclasses that add to it; see {@link #to(String, int)}.
   *
   * @throws UncheckedIOException if the proxy cannot listen
   */
  protected WireProxy(String host, int port) {
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

  /** Returns the address that clients connect to. */
  public String host() {
    return listener.getInetAddress().getHostAddress();
  }

  /** Returns the port that clients connect to. */
  public int port() {
    return listener.getLocalPort();
  }

  /** Returns the number of round trips so far, over all connections. */
  public long roundTrips() {
    return counters.roundTrips();
  }

  /** Returns the number of statements executed so far: Execute messages and simple queries. */
  public long executes() {
    return counters.executes();
  }

  /** Returns the number of connections that were opened so far. */
  public long connections() {
    return counters.connections();
  }

  /** Returns the number of connections that are open now. */
  public int openConnections() {
    return open.size();
  }

  /** Returns the number of bytes that clients sent so far. */
  public long bytesToServer() {
    return counters.bytesToServer();
  }

  /** Returns the number of bytes that the server sent so far. */
  public long bytesToClient() {
    return counters.bytesToClient();
  }

  /**
   * Runs an action and returns the number of round trips of all connections during the action.
   *
   * @throws IllegalStateException if a connection was encrypted, because its messages cannot be
   *     counted
   * @throws Exception if the action throws it
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
   * Runs an action and fails unless it makes this number of round trips.
   *
   * @throws AssertionError if the number differs
   * @throws Exception if the action throws it
   */
  public void assertRoundTrips(long expected, Action action) throws Exception {
    long actual = countRoundTrips(action);
    if (actual != expected) {
      throw new AssertionError("expected " + expected + " round trips, but there were " + actual);
    }
  }

  /**
   * Delays all further messages, like a network with this round-trip time.
   *
   * @param roundTrip the sum of both directions; zero for none
   * @throws IllegalArgumentException if it is negative
   */
  public void delay(Duration roundTrip) {
    if (roundTrip.isNegative()) {
      throw new IllegalArgumentException("delay must not be negative, but is " + roundTrip);
    }
    delay.set(roundTrip);
  }

  /** Holds up everything from now on, without a word to either side, until {@link #resume()}. */
  public void stall() {
    delay.stall();
  }

  /** Lets pass what {@link #stall()} held up, and all that follows. */
  public void resume() {
    delay.resume();
  }

  /** Cuts all connections that are open now, with a TCP reset to both sides. */
  public void cut() {
    open.forEach(ProxyConnection::reset);
  }

  /** Cuts all connections and stops listening. A second call does nothing. */
  @Override
  public void close() {
    closed = true;
    resume();
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      cut();
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
      // the client behaves as without a proxy: the server is not reachable
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

  /** Returns how many threads work for this proxy. */
  protected int threads() {
    return threads.get();
  }
}
