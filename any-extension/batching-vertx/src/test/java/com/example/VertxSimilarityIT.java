// SPDX-License-Identifier: MIT
package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.vertx.VertxConnections;
import io.pghello.extension.testkit.ExtensionTest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

/** Runs the client of the page on connections of Vert.x. */
@ExtensionTest(extensions = "pg_trgm")
@Timeout(60)
class VertxSimilarityIT {
  @Test
  void clientOfThePageRunsOnVertx(DataSource dataSource) throws Exception {
    Vertx vertx = Vertx.vertx();
    PgConnectOptions options = options(dataSource);
    // region vertx
    Context context = vertx.getOrCreateContext();
    var pool =
        PgBuilder.pool()
            .with(new PoolOptions().setMaxSize(4))
            .connectingTo(options.setCachePreparedStatements(true))
            .using(vertx)
            .build();
    var client = new SimilarityClient(VertxConnections.of(context, pool));
    Future<Float> similarity =
        Future.fromCompletionStage(client.similarityAsync("word", "words"), context);
    // endregion
    assertThat(get(similarity)).isEqualTo(0.5714286f);
    List<Float> equal =
        IntStream.range(0, 1_000)
            .mapToObj(i -> client.similarityAsync("word" + i, "word" + i))
            .toList()
            .stream()
            .map(call -> call.orTimeout(30, TimeUnit.SECONDS).join())
            .toList();
    assertThat(equal).containsOnly(1f);
    client.close();
    get(pool.close());
    get(vertx.close());
  }

  private static PgConnectOptions options(DataSource dataSource) throws SQLException {
    PGSimpleDataSource known = dataSource.unwrap(PGSimpleDataSource.class);
    return new PgConnectOptions()
        .setHost(known.getServerNames()[0])
        .setPort(known.getPortNumbers()[0])
        .setDatabase(known.getDatabaseName())
        .setUser(known.getUser())
        .setPassword(known.getPassword());
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }
}
