// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.SampleNames;
import io.pghello.benchmarks.peers.JdbcPeer;
import io.pghello.benchmarks.peers.R2dbcPeer;
import io.pghello.benchmarks.peers.VertxPeer;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.TextArray;
import io.pghello.extension.batching.vertx.VertxConnections;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.io.Closeable;
import java.io.IOException;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Ways of calling the function, with this project and with other libraries. */
public enum Workload {
  ASYNC("helloAsync()", Ours::new, (ours, load) -> load.futures(ours::hello)),
  /** Uses connections of Vert.x instead of JDBC. */
  ASYNC_VERTX("helloAsync() on Vert.x", Ours::onVertx, (ours, load) -> load.futures(ours::hello)),
  /**
   * Calls the function as an application calls a function of any other extension. Uses the same
   * batching engine as {@link #ASYNC}.
   */
  FUNCTION(
      "BatchedFunction", GeneralFunction::new, (function, load) -> load.futures(function::hello)),
  THREADS("hello(), threads", Ours::new, (o, load) -> load.threads(Thread::new, o.client::hello)),
  VIRTUAL(
      "hello(), virtual threads", Ours::new, (o, load) -> load.threads(virtual(), o.client::hello)),
  /** Greets many names in one call. */
  ALL("helloAll()", Ours::new, (ours, load) -> load.inARow(ours::helloAll)),
  JDBC_THREADS("JDBC, threads", JdbcPeer::new, (o, load) -> load.threads(Thread::new, o::hello)),
  JDBC_VIRTUAL(
      "JDBC, virtual threads", JdbcPeer::new, (o, load) -> load.threads(virtual(), o::hello)),
  /** Greets many names one after the other, with one prepared statement. */
  JDBC_LOOP("JDBC, one by one", JdbcPeer::new, (jdbc, load) -> load.inARow(jdbc::helloAll)),
  VERTX("Vert.x, pipelined", VertxPeer::new, (vertx, load) -> load.futures(vertx::hello)),
  R2DBC("R2DBC, pooled", R2dbcPeer::new, (r2dbc, load) -> load.futures(r2dbc::hello));

  private final String title;

  @SuppressWarnings("ImmutableEnumChecker") // this function has no state
  private final Opening opening;

  <T extends Closeable> Workload(String title, Connecting<T> connecting, Way<T> way) {
    this.title = title;
    opening = (address, connections) -> new Library<>(connecting.to(address, connections), way);
  }

  /** Returns the name for tables and charts. */
  public String title() {
    return title;
  }

  /** Opens the connections. */
  Connected open(Address address, int connections) {
    return opening.open(address, connections);
  }

  /** A library with open connections. */
  interface Connected extends Closeable {
    /** Calls the function under a load. */
    Load.Figures under(Load load) throws Exception;
  }

  private interface Opening {
    Connected open(Address address, int connections);
  }

  private interface Connecting<T> {
    T to(Address address, int connections);
  }

  private interface Way<T> {
    Load.Figures under(T library, Load load) throws Exception;
  }

  private record Library<T extends Closeable>(T library, Way<T> way) implements Connected {
    @Override
    public Load.Figures under(Load load) throws Exception {
      return way.under(library, load);
    }

    @Override
    public void close() throws IOException {
      library.close();
    }
  }

  private static ThreadFactory virtual() {
    return Objects.requireNonNull(virtualThreads());
  }

  /** Creates virtual threads, if this JDK supports them. */
  public static @Nullable ThreadFactory virtualThreads() {
    try {
      Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
      return (ThreadFactory)
          Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  /**
   * Calls {@code pg_hello_all} as an application calls a function of any other extension, with
   * default settings.
   */
  private static final class GeneralFunction implements Closeable, BatchMapper<String, String> {
    private final HikariDataSource pool;
    private final BatchedFunction<String, String> function;

    GeneralFunction(Address address, int connections) {
      pool = JdbcPeer.pool(address, connections);
      ExtensionDescription extension =
          ExtensionDescription.builder("pg_hello")
              .function("pg_hello_all(text[], integer[])", "text[]")
              .build();
      function = BatchedFunction.create(pool, extension, "pg_hello_all", this);
    }

    void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
      var unused = function.callAsync(name).whenComplete(answer);
    }

    @Override
    public void bind(PreparedStatement statement, List<String> names) throws SQLException {
      statement.setArray(1, TextArray.of(statement.getConnection(), names));
      statement.setArray(2, null); // the client also passes null, which selects the session's count
    }

    @Override
    public List<String> read(Array greetings) throws SQLException {
      return Arrays.asList((String[]) greetings.getArray());
    }

    @Override
    public boolean matches(String name, String greeting) {
      return greeting.length() == name.length() + 8 && greeting.startsWith(name, 7);
    }

    @Override
    public int sizeInBytes(String name) {
      return name.length() + Integer.BYTES;
    }

    @Override
    public void close() {
      function.close();
      pool.close();
    }
  }

  /** This project's client with its default settings. */
  private static final class Ours implements Closeable {
    private final Closeable pool;
    private final PgHelloClient client;
    private List<String> list = List.of();

    Ours(Address address, int connections) {
      HikariDataSource dataSource = JdbcPeer.pool(address, connections);
      pool = dataSource;
      client = PgHelloClient.create(dataSource);
    }

    private Ours(Vertx vertx, Pool connections) {
      pool =
          () -> {
            connections.close().toCompletionStage().toCompletableFuture().join();
            vertx.close().toCompletionStage().toCompletableFuture().join();
          };
      client =
          PgHelloClient.builder()
              .connections(VertxConnections.of(vertx.getOrCreateContext(), connections))
              .build();
    }

    static Ours onVertx(Address address, int connections) {
      Vertx vertx = VertxPeer.vertx();
      return new Ours(
          vertx,
          PgBuilder.pool()
              .with(new PoolOptions().setMaxSize(connections))
              .connectingTo(VertxPeer.options(address))
              .using(vertx)
              .build());
    }

    void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
      var unused = client.helloAsync(name).whenComplete(answer);
    }

    void helloAll(SampleNames names, int count) {
      if (list.size() != count) {
        list = names.list(count);
      }
      names.check(count, client.helloAll(list));
    }

    @Override
    public void close() throws IOException {
      client.close();
      pool.close();
    }
  }
}
