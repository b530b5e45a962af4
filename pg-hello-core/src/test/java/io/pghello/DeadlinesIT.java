// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static io.pghello.FaultsIT.slow;
import static io.pghello.PgHelloClientIT.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests calls that a network timeout does not end, because it applies to each read separately. */
@PgHelloTest
@Timeout(120)
class DeadlinesIT {
  // larger than the buffers of sockets
  private static final int LARGE = 20 << 20;

  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);

  // without a deadline, the calls would take longer than this
  private static final Duration AT_MOST = Duration.ofSeconds(10);
  private static final Duration WITHOUT_DEADLINE = Duration.ofSeconds(25);

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void callTimesOutIfTheServerDoesNotReadTheName(boolean onConnection, TestDatabase database)
      throws Exception {
    String large = "x".repeat(LARGE);
    try (var relay = new Relay(database.dataSource().unwrap(PGSimpleDataSource.class));
        var connections = new KeptConnections(relay.way(database), 1);
        PgHelloClient client = client(connections);
        Connection own = relay.way(database).getConnection()) {
      PgHelloOperations calls = onConnection ? client.withConnection(own) : client;
      calls.hello("Ada");
      relay.setReading(false);
      // otherwise, a call that never ends would block the test
      CompletableFuture.delayedExecutor(WITHOUT_DEADLINE.toSeconds(), TimeUnit.SECONDS)
          .execute(() -> relay.setReading(true));
      assertTimesOut(() -> calls.hello(large));
      relay.setReading(true);
      assertThat(own.isClosed()).isEqualTo(onConnection);
      assertServes(client);
    }
  }

  @ParameterizedTest
  @EnumSource
  void callTimesOutIfItsAnswerArrivesByteByByte(FaultsIT.Kind kind, TestDatabase database)
      throws Exception {
    try (var relay = new Relay(database.dataSource().unwrap(PGSimpleDataSource.class))) {
      try (var connections = new KeptConnections(relay.way(database), 1);
          PgHelloClient client = client(connections)) {
        client.hello("Ada");
        relay.trickles = true;
        assertTimesOut(() -> kind.call.accept(client));
        relay.trickles = false;
        assertServes(client);
      }
    }
  }

  /**
   * If the function for many names is missing, each name of a batch is sent in its own statement.
   */
  @Test
  void endsABatchInTimeThatTakesManyStatements(
      DataSource dataSource, @Superuser DataSource superuser) throws Exception {
    execute(dataSource, "DROP EXTENSION pg_hello");
    execute(dataSource, "CREATE EXTENSION pg_hello VERSION '1.0'");
    var heard = new Heard();
    try (var connections = new KeptConnections(dataSource, 1);
        PgHelloClient client =
            PgHelloClient.builder()
                .connections(connections)
                .schema("public")
                .maxInFlightBatches(1)
                .callTimeout(CALL_TIMEOUT)
                .listener(heard)
                .build()) {
      client.hello("Ada");
      heard.forget();
      slow(superuser, 0.2);
      List<CompletableFuture<String>> futures = new CopyOnWriteArrayList<>();
      for (int i = 0; i < 200; i++) {
        futures.add(client.helloAsync("Ada"));
      }
      for (CompletableFuture<String> future : futures) {
        try {
          assertThat(FaultsIT.join(future)).isEqualTo("Hello, Ada!");
        } catch (FunctionCallException e) {
          // a call that is waiting for the only connection at its deadline reports this
          assertThat(e.code()).isIn(Code.TIMEOUT, Code.CONNECTION_UNAVAILABLE);
        }
      }
      slow(superuser, 0);
      // the connection is released when the statement has ended
      client.withTimeout(WITHOUT_DEADLINE.multipliedBy(2)).hello("Ada");
      assertThat(heard.nanos).allMatch(nanos -> nanos < AT_MOST.toNanos());
      assertServes(client);
    }
  }

  private static void assertTimesOut(Runnable call) {
    long begin = System.nanoTime();
    FunctionCallException e = assertFails(Code.TIMEOUT, call);
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(AT_MOST);
    assertThat(e).hasMessageContaining("timeout of 1000 ms");
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  private static void assertServes(PgHelloClient client) {
    assertThat(client.withTimeout(Duration.ofSeconds(30)).hello("Zoë")).isEqualTo("Hello, Zoë!");
    // the statement of a future that timed out ends later, on another thread
    long end = System.nanoTime() + WITHOUT_DEADLINE.toNanos();
    while (client.inFlightStatements() > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(client.inFlightStatements()).isZero();
  }

  private static PgHelloClient client(ConnectionSource connections) {
    return PgHelloClient.builder().connections(connections).callTimeout(CALL_TIMEOUT).build();
  }

  /** A relay to the server that can stop reading, or forward answers byte by byte. */
  private static final class Relay implements AutoCloseable {
    private final ServerSocket entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final String serverHost;
    private final int serverPort;
    private boolean reading = true;
    volatile boolean trickles;

    Relay(PGSimpleDataSource server) throws IOException {
      serverHost = server.getServerNames()[0];
      serverPort = server.getPortNumbers()[0];
      start(this::accept);
    }

    PGSimpleDataSource way(TestDatabase database) throws SQLException {
      PGSimpleDataSource way = database.dataSource().unwrap(PGSimpleDataSource.class);
      way.setServerNames(new String[] {entrance.getInetAddress().getHostAddress()});
      way.setPortNumbers(new int[] {entrance.getLocalPort()});
      return way;
    }

    synchronized void setReading(boolean reading) {
      this.reading = reading;
      notifyAll();
    }

    private synchronized void awaitReading() throws InterruptedException {
      while (!reading) {
        wait();
      }
    }

    private void accept() throws IOException {
      while (true) {
        Socket client = entrance.accept();
        var server = new Socket(serverHost, serverPort);
        sockets.addAll(List.of(client, server));
        start(() -> ask(client.getInputStream(), server.getOutputStream()));
        start(() -> answer(server.getInputStream(), client.getOutputStream()));
      }
    }

    private void ask(InputStream in, OutputStream out) throws Exception {
      var buffer = new byte[8192];
      int length;
      while ((length = in.read(buffer)) > 0) {
        out.write(buffer, 0, length);
        awaitReading();
      }
    }

    private void answer(InputStream in, OutputStream out) throws Exception {
      var buffer = new byte[8192];
      int length;
      while ((length = in.read(buffer)) > 0) {
        int sent = 0;
        while (sent < length && trickles) {
          out.write(buffer, sent++, 1);
          Thread.sleep(500);
        }
        out.write(buffer, sent, length - sent);
      }
    }

    private interface Copying {
      void run() throws Exception;
    }

    private static void start(Copying copying) {
      var thread =
          new Thread(
              () -> {
                try {
                  copying.run();
                } catch (Exception e) {
                  // the client or the server has closed its end
                }
              });
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public void close() throws IOException {
      entrance.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }
}
