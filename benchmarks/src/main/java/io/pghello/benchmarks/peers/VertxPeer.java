// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Address;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.PreparedQuery;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.Tuple;
import java.io.Closeable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Vert.x, with the pooled client, pipelining on each connection, and the native transport. */
public final class VertxPeer implements Closeable {
  private static final int PIPELINED = 256;

  private final Vertx vertx;
  private final SqlClient client;
  private final PreparedQuery<RowSet<Row>> hello;

  public VertxPeer(Address address, int connections) {
    vertx = vertx();
    client =
        PgBuilder.client()
            .with(new PoolOptions().setMaxSize(connections).setEventLoopSize(connections))
            .connectingTo(options(address).setPipeliningLimit(PIPELINED))
            .using(vertx)
            .build();
    hello = client.preparedQuery("SELECT pg_hello($1)");
  }

  /** Returns an instance with the native transport. */
  public static Vertx vertx() {
    return Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
  }

  /** Returns options that cache prepared statements. */
  public static PgConnectOptions options(Address address) {
    return new PgConnectOptions()
        .setHost(address.host())
        .setPort(address.port())
        .setDatabase(address.database())
        .setUser(address.user())
        .setPassword(address.password())
        .setCachePreparedStatements(true);
  }

  public void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
    hello
        .execute(Tuple.of(name))
        .onComplete(
            rows -> answer.accept(rows.iterator().next().getString(0), null),
            error -> answer.accept(null, error));
  }

  @Override
  public void close() {
    client.close().toCompletionStage().toCompletableFuture().join();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
