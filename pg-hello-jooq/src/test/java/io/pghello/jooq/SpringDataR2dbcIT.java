// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.R2dbcException;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.data.annotation.Id;
import org.springframework.data.r2dbc.core.R2dbcEntityTemplate;
import org.springframework.data.r2dbc.repository.Query;
import org.springframework.data.r2dbc.repository.support.R2dbcRepositoryFactory;
import org.springframework.data.repository.reactive.ReactiveCrudRepository;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.reactive.TransactionalOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The functions in queries of Spring Data R2DBC. */
@PgHelloTest
class SpringDataR2dbcIT {
  // region repository
  record Person(@Id @Nullable Long id, String name) {}

  interface People extends ReactiveCrudRepository<Person, Long> {
    @Query("SELECT pg_hello(name, :repeat) FROM person WHERE id = :id")
    Mono<String> greetingOf(long id, int repeat);
  }

  // endregion

  private ConnectionFactory factory;
  private DatabaseClient client;
  private People people;

  @BeforeEach
  void open(TestDatabase database) throws SQLException {
    factory = ReactiveIT.factory(database);
    client = DatabaseClient.create(factory);
    people =
        new R2dbcRepositoryFactory(new R2dbcEntityTemplate(factory)).getRepository(People.class);
    run("CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)");
  }

  private long save(String name) {
    Person saved = Objects.requireNonNull(people.save(new Person(null, name)).block());
    return Objects.requireNonNull(saved.id());
  }

  private void run(String sql) {
    client.sql(sql).then().block();
  }

  Mono<String> hello(DatabaseClient client, String name) {
    return client
        .sql("SELECT pg_hello(:name)")
        .bind("name", name)
        .map(row -> row.get(0, String.class))
        .one();
  }

  // region array
  Flux<String> helloAll(DatabaseClient client, String... names) {
    return client
        .sql("SELECT unnest(pg_hello_all(:names, NULL))")
        .bind("names", names)
        .map(row -> row.get(0, String.class))
        .all();
  }

  // endregion

  @Test
  void queriesCallTheFunctions() {
    long id = save("Zoë");
    assertThat(people.greetingOf(id, 2).block()).isEqualTo("Hello, Zoë! Hello, Zoë!");
    assertThat(hello(client, "Ada").block()).isEqualTo("Hello, Ada!");
    assertThat(helloAll(client, "Ada", "Bo").collectList().block())
        .containsExactly("Hello, Ada!", "Hello, Bo!");
    assertThat(client.sql("SELECT now_ms()").mapValue(Long.class).one().block())
        .isCloseTo(System.currentTimeMillis(), within(60_000L));
  }

  @Test
  void aNullNameIsNotGreeted() {
    run("INSERT INTO person (name) VALUES (NULL)");
    Map<String, Object> row =
        client.sql("SELECT id, pg_hello(name) AS greeting FROM person").fetch().one().block();
    assertThat(row).containsEntry("greeting", null);
  }

  @Test
  void errorsContainTheServersSqlState() {
    long id = save("Ada");
    assertThatThrownBy(() -> people.greetingOf(id, -1).block())
        .isInstanceOf(DataAccessException.class)
        .cause()
        .isInstanceOfSatisfying(
            R2dbcException.class, e -> assertThat(e.getSqlState()).isEqualTo("22023"));
  }

  /** The setting must not outlive the transaction. */
  @Test
  void theSettingAppliesToATransaction() {
    var transaction = TransactionalOperator.create(new R2dbcTransactionManager(factory));
    Mono<String> twice =
        client
            .sql("SELECT set_config('pg_hello.repeat', '2', true)")
            .then()
            .then(hello(client, "Ada"))
            .as(transaction::transactional);
    assertThat(twice.block()).isEqualTo("Hello, Ada! Hello, Ada!");
    assertThat(hello(client, "Ada").block()).isEqualTo("Hello, Ada!");
  }
}
