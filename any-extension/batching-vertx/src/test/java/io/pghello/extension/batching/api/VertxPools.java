// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.vertx.VertxConnections;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Pools of Vert.x for the databases of tests. {@link #close} closes them. */
final class VertxPools {
  private final Vertx vertx = Vertx.vertx();
  private final List<Pool> pools = new ArrayList<>();
  final Context context = vertx.getOrCreateContext();

  /** Returns connections to the database of a pool of JDBC, with a pool of the same size. */
  VertxConnections connections(HikariDataSource pool) throws SQLException {
    return VertxConnections.of(
        context, pool(options(pool.getDataSource()), pool.getMaximumPoolSize()));
  }

  Pool pool(PgConnectOptions options, int size) {
    Pool pool =
        PgBuilder.pool()
            .with(new PoolOptions().setMaxSize(size))
            .connectingTo(options)
            .using(vertx)
            .build();
    pools.add(pool);
    return pool;
  }

  Vertx vertx() {
    return vertx;
  }

  /** Runs a statement on the pool that was created last, and returns the first value, if any. */
  String ask(String sql) {
    RowSet<Row> rows =
        pools
            .get(pools.size() - 1)
            .query(sql)
            .execute()
            .toCompletionStage()
            .toCompletableFuture()
            .orTimeout(60, TimeUnit.SECONDS)
            .join();
    return rows.size() == 0 ? "" : String.valueOf(rows.iterator().next().getValue(0));
  }

  static PgConnectOptions options(DataSource dataSource) throws SQLException {
    PGSimpleDataSource known = dataSource.unwrap(PGSimpleDataSource.class);
    return new PgConnectOptions()
        .setHost(known.getServerNames()[0])
        .setPort(known.getPortNumbers()[0])
        .setDatabase(known.getDatabaseName())
        .setUser(known.getUser())
        .setPassword(known.getPassword())
        .setCachePreparedStatements(true);
  }

  void close() throws Exception {
    for (Pool pool : pools) {
      pool.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
    vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }
}
