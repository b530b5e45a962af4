// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static io.pghello.jooq.PgHello.pgHello;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Statement;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Calls the functions with R2DBC, and with jOOQ on R2DBC. */
@PgHelloTest
class ReactiveIT {
  private ConnectionFactory factory;

  @BeforeEach
  void open(TestDatabase database) throws SQLException {
    factory = factory(database);
  }

  // region factory
  static ConnectionFactory factory(TestDatabase database) throws SQLException {
    PGSimpleDataSource jdbc = database.dataSource().unwrap(PGSimpleDataSource.class);
    return ConnectionFactories.get(
        ConnectionFactoryOptions.builder()
            .option(ConnectionFactoryOptions.DRIVER, "postgresql")
            .option(ConnectionFactoryOptions.HOST, jdbc.getServerNames()[0])
            .option(ConnectionFactoryOptions.PORT, jdbc.getPortNumbers()[0])
            .option(ConnectionFactoryOptions.DATABASE, String.valueOf(jdbc.getDatabaseName()))
            .option(ConnectionFactoryOptions.USER, String.valueOf(jdbc.getUser()))
            .option(ConnectionFactoryOptions.PASSWORD, String.valueOf(jdbc.getPassword()))
            .build());
  }

  // endregion

  // region call
  Mono<String> hello(Connection connection, String name) {
    Statement call = connection.createStatement("SELECT pg_hello($1)").bind("$1", name);
    return Mono.from(call.execute())
        .flatMap(result -> Mono.from(result.map((row, columns) -> row.get(0, String.class))));
  }

  // endregion

  // region all
  Mono<String[]> helloAll(Connection connection, String... names) {
    Statement call = connection.createStatement("SELECT pg_hello_all($1, NULL)").bind("$1", names);
    return Mono.from(call.execute())
        .flatMap(result -> Mono.from(result.map((row, columns) -> row.get(0, String[].class))));
  }

  // endregion

  // region transaction
  Mono<String> helloTwice(Connection connection, String name) {
    Statement set = connection.createStatement("SELECT set_config('pg_hello.repeat', '2', true)");
    return Mono.from(connection.beginTransaction())
        .thenMany(Flux.from(set.execute()).flatMap(result -> result.map((row, columns) -> "")))
        .then(hello(connection, name))
        .flatMap(greeting -> Mono.from(connection.commitTransaction()).thenReturn(greeting));
  }

  // endregion

  private <T> T with(Function<Connection, Publisher<T>> calls) {
    return Mono.usingWhen(
            factory.create(), connection -> Mono.from(calls.apply(connection)), Connection::close)
        .blockOptional()
        .orElseThrow();
  }

  private static <T> Flux<T> values(Statement statement, Class<T> type) {
    return Flux.from(statement.execute())
        .flatMap(result -> result.map((row, columns) -> Objects.requireNonNull(row.get(0, type))));
  }

  @Test
  void calls() {
    String greeting = with(connection -> hello(connection, "Ada"));
    assertThat(greeting).isEqualTo("Hello, Ada!");
    String[] greetings = with(connection -> helloAll(connection, "Ada", "Eve"));
    assertThat(greetings).containsExactly("Hello, Ada!", "Hello, Eve!");
    String both =
        with(
            connection ->
                helloTwice(connection, "Ada")
                    .flatMap(twice -> hello(connection, "Ada").map(once -> twice + " / " + once)));
    assertThat(both).isEqualTo("Hello, Ada! Hello, Ada! / Hello, Ada!");
    long millis =
        with(connection -> values(connection.createStatement("SELECT now_ms()"), Long.class));
    assertThat(millis).isPositive();
  }

  @Test
  void reportsErrors() {
    assertThatThrownBy(
            () ->
                with(
                    connection ->
                        values(
                            connection.createStatement("SELECT pg_hello('Ada', 11)"),
                            String.class)))
        .isInstanceOfSatisfying(
            R2dbcException.class, e -> assertThat(e.getSqlState()).isEqualTo("22023"))
        .hasMessageContaining("repeat count must be between 1 and 10, but is 11");
  }

  @Test
  void callsWithJooq() {
    // region jooq
    DSLContext ctx = DSL.using(factory, SQLDialect.POSTGRES);
    Flux<String> greetings =
        Flux.from(ctx.select(pgHello(DSL.val("Ada"), 2))).map(row -> row.value1());
    // endregion
    assertThat(greetings.collectList().block()).isEqualTo(List.of("Hello, Ada! Hello, Ada!"));
  }
}
