// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Address;
import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.spi.Connection;
import java.io.Closeable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** R2DBC, with the PostgreSQL driver, prepared statements, and R2DBC's pool. */
public final class R2dbcPeer implements Closeable {
  private final ConnectionPool pool;

  public R2dbcPeer(Address address, int connections) {
    var factory =
        new PostgresqlConnectionFactory(
            PostgresqlConnectionConfiguration.builder()
                .host(address.host())
                .port(address.port())
                .database(address.database())
                .username(address.user())
                .password(address.password())
                .build());
    pool =
        new ConnectionPool(
            ConnectionPoolConfiguration.builder(factory)
                .initialSize(connections)
                .maxSize(connections)
                .build());
    pool.warmup().block();
  }

  public void hello(String name, BiConsumer<@Nullable String, @Nullable Throwable> answer) {
    var unused =
        Mono.usingWhen(pool.create(), connection -> hello(connection, name), Connection::close)
            .subscribe(greeting -> answer.accept(greeting, null), e -> answer.accept(null, e));
  }

  private static Mono<String> hello(Connection connection, String name) {
    return Flux.from(connection.createStatement("SELECT pg_hello($1)").bind("$1", name).execute())
        .flatMap(result -> result.map(row -> String.valueOf(row.get(0, String.class))))
        .single();
  }

  @Override
  public void close() {
    pool.dispose();
  }
}
