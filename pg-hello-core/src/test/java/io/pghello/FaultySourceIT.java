// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.FaultsIT.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.FaultsIT.Kind;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.testkit.PgHelloTest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests faults of a program's source of connections and of its driver. */
@PgHelloTest
@Timeout(60)
class FaultySourceIT {
  @ParameterizedTest
  @EnumSource
  @SuppressWarnings("NullAway")
  void reportsNullFromTheConnectionSource(Kind kind) {
    try (PgHelloClient client = PgHelloClient.builder().connections(() -> null).build()) {
      FunctionCallException e =
          assertFails(Code.CONNECTION_UNAVAILABLE, () -> kind.call.accept(client));
      assertThat(e).hasMessageContaining("the source of connections returned null.");
    }
  }

  @ParameterizedTest
  @EnumSource
  void reportsAnExceptionFromTheConnectionSource(Kind kind) {
    ConnectionSource source =
        () -> {
          throw new IllegalStateException();
        };
    try (PgHelloClient client = PgHelloClient.builder().connections(source).build()) {
      FunctionCallException e =
          assertFails(Code.CONNECTION_UNAVAILABLE, () -> kind.call.accept(client));
      assertThat(e)
          .hasMessageContaining("database connection: java.lang.IllegalStateException.")
          .hasCauseInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @EnumSource
  void reportsAnExceptionFromMayJoinBatch(Kind kind, DataSource dataSource) {
    var source =
        new ConnectionSource() {
          @Override
          public Connection getConnection() throws SQLException {
            return dataSource.getConnection();
          }

          @Override
          public boolean mayJoinBatch() {
            throw new IllegalStateException("no transaction manager");
          }
        };
    try (PgHelloClient client = PgHelloClient.builder().connections(source).build()) {
      FunctionCallException e =
          assertFails(Code.CONNECTION_UNAVAILABLE, () -> kind.call.accept(client));
      assertThat(e).hasMessageContaining("database connection: no transaction manager.");
    }
  }

  @ParameterizedTest
  @EnumSource
  void returnsTheAnswerIfTheConnectionCannotBeReleased(Kind kind, DataSource dataSource) {
    var released = new AtomicInteger();
    var source =
        new ConnectionSource() {
          @Override
          public Connection getConnection() throws SQLException {
            return dataSource.getConnection();
          }

          @Override
          public void release(Connection connection) throws SQLException {
            connection.close();
            if (released.getAndIncrement() % 2 == 0) {
              throw new IllegalStateException("released twice");
            }
            throw new SQLException("released twice");
          }
        };
    try (PgHelloClient client = PgHelloClient.builder().connections(source).build()) {
      kind.call.accept(client);
      kind.call.accept(client);
      assertThat(released).hasValue(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void repeatsACallOnAClosedConnectionOfAPool(Kind kind, DataSource dataSource)
      throws SQLException {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(1);
    var heard = new Heard();
    try (var pool = new HikariDataSource(config)) {
      Connection closed = pool.getConnection();
      closed.close();
      var first = new AtomicBoolean(true);
      ConnectionSource source = () -> first.getAndSet(false) ? closed : pool.getConnection();
      try (PgHelloClient client =
          PgHelloClient.builder().connections(source).listener(heard).build()) {
        kind.call.accept(client);
        assertThat(heard.repeated).containsExactly(Code.CONNECTION_LOST);
        assertThat(heard.statements).hasSize(2);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void reportsADriverFailure(Kind kind, DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      Connection failing = failing(connection, ".*Statement");
      try (PgHelloClient client = PgHelloClient.builder().connections(() -> failing).build()) {
        FunctionCallException e = assertFails(Code.SERVER_ERROR, () -> kind.call.accept(client));
        assertThat(e).rootCause().hasMessageEndingWith("Statement");
        assertThat(connection.isClosed()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void givesAConnectionBackThatCannotBeAborted(Kind kind, DataSource dataSource)
      throws SQLException {
    var released = new AtomicInteger();
    try (Connection connection = dataSource.getConnection()) {
      var source =
          new ConnectionSource() {
            @Override
            public Connection getConnection() {
              return failing(connection, "abort", ".*Statement");
            }

            @Override
            public void release(Connection failing) {
              released.incrementAndGet();
            }
          };
      try (PgHelloClient client = PgHelloClient.builder().connections(source).build()) {
        FunctionCallException e = assertFails(Code.SERVER_ERROR, () -> kind.call.accept(client));
        assertThat(e).rootCause().hasMessageEndingWith("Statement");
        assertThat(released).hasValue(1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"HELLO_ASYNC", "INFO", "PREFLIGHT"})
  void notifiesListenerOfADriverError(Kind kind) {
    var heard = new Heard();
    ConnectionSource source =
        () -> {
          throw new NoClassDefFoundError("of the driver");
        };
    try (PgHelloClient client =
        PgHelloClient.builder().connections(source).listener(heard).build()) {
      assertThatThrownBy(() -> kind.call.accept(client)).isInstanceOf(NoClassDefFoundError.class);
      assertThat(heard.calls).hasSize(1).allMatch(call -> call.endsWith(" SERVER_ERROR"));
      assertThat(heard.statements).hasSize(1).allMatch(call -> call.endsWith(" SERVER_ERROR"));
    }
  }

  private static Connection failing(Connection connection, String... methods) {
    return (Connection)
        Proxy.newProxyInstance(
            FaultySourceIT.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              for (String failing : methods) {
                if (method.getName().matches(failing)) {
                  throw new IllegalStateException(method.getName());
                }
              }
              try {
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /**
   * If sending stops in the middle of a message, the connection cannot be used for another
   * statement.
   */
  @Tag("slow")
  @Test
  void connectionIsNotReusedAfterAStackOverflow(DataSource dataSource) throws Exception {
    var heard = new Heard();
    // not a data source that detects leaked connections, because the stack could overflow there,
    // too
    DataSource plain = dataSource.unwrap(PGSimpleDataSource.class);
    try (var connections = new KeptConnections(plain, 1);
        PgHelloClient client =
            PgHelloClient.builder().connections(connections).listener(heard).build()) {
      // loads the required classes, because loading them takes a larger stack
      for (int i = 0; i < 200; i++) {
        client.hello("first");
      }
      plain.getConnection().abort(Runnable::run);
      int overflows = 0;
      for (int frames = 1; frames < 300; frames++) {
        // a separate thread, because the JDK keeps buffers for each thread, which the overflow can
        // also corrupt
        var deep = new DeepCall(client, frames);
        deep.start();
        deep.join();
        overflows += deep.overflowed ? 1 : 0;
        String name = "Ada" + frames;
        assertThat(client.hello(name)).as("after %s", deep).isEqualTo("Hello, " + name + "!");
      }
      assertThat(overflows).isBetween(10, 290);
      assertThat(heard.repeated).isEmpty();
    }
  }

  /**
   * The connection is released even if the stack overflows at the end of the call, during the
   * release.
   */
  @Tag("slow")
  @Test
  void connectionIsReleasedAfterAStackOverflow(DataSource dataSource) throws Exception {
    DataSource plain = dataSource.unwrap(PGSimpleDataSource.class);
    var taken = new AtomicInteger();
    var released = new AtomicInteger();
    try (var connections = new KeptConnections(plain, 1)) {
      var source =
          new ConnectionSource() {
            @Override
            public Connection getConnection() throws SQLException {
              Connection connection = connections.getConnection();
              taken.incrementAndGet();
              return connection;
            }

            @Override
            public void release(Connection connection) throws SQLException {
              connections.release(connection);
              released.incrementAndGet();
            }
          };
      try (PgHelloClient client = PgHelloClient.builder().connections(source).build()) {
        for (int i = 0; i < 200; i++) {
          client.hello("first");
        }
        for (int frames = 1; frames < 300; frames++) {
          var deep = new DeepCall(client, frames);
          deep.start();
          deep.join();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (released.get() != taken.get()) {
          assertThat(end - System.nanoTime()).as("time left to wait").isPositive();
          // the client's timer runs while there are calls
          client.hello("Ada");
        }
      }
    }
  }

  /** A thread whose stack has room for a number of small frames when it calls. */
  private static final class DeepCall extends Thread {
    private final PgHelloClient client;
    private final int frames;
    volatile boolean overflowed;

    DeepCall(PgHelloClient client, int frames) {
      super(null, null, "with room for " + frames, 256 * 1024);
      this.client = client;
      this.frames = frames;
    }

    @Override
    public void run() {
      dive();
    }

    /**
     * Recurses until the stack is full. Returns the number of frames that have returned since then.
     */
    @SuppressWarnings("InfiniteRecursion")
    private int dive() {
      int returned;
      try {
        returned = dive() + 1;
      } catch (StackOverflowError e) {
        return 1;
      }
      if (returned == frames) {
        try {
          client.hello("deep");
        } catch (StackOverflowError | FunctionCallException e) {
          overflowed = true;
        }
      }
      return returned;
    }
  }
}
