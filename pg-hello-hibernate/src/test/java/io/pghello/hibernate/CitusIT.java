// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * The functions in a Citus cluster. The environment variable contains the JDBC URL of the
 * coordinator, with the login. All servers need the files of the extension.
 */
@EnabledIfEnvironmentVariable(
    named = "PG_HELLO_CITUS_URL",
    matches = "jdbc:.*",
    disabledReason = "no cluster of Citus is named")
class CitusIT {
  @Entity(name = "pg_hello_people")
  static class Person {
    @Id long id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long at;
  }

  private final String url = Objects.requireNonNull(System.getenv("PG_HELLO_CITUS_URL"));

  @BeforeEach
  void distribute() throws SQLException {
    drop();
    execute("CREATE EXTENSION IF NOT EXISTS pg_hello");
    execute(
        "CREATE TABLE pg_hello_people (id bigint PRIMARY KEY, name text, greeting text, at bigint"
            + " DEFAULT now_ms(), twice text GENERATED ALWAYS AS (pg_hello(name, 2)) STORED)");
    execute("SELECT create_distributed_table('pg_hello_people', 'id')");
  }

  @AfterEach
  void drop() throws SQLException {
    execute("DROP TABLE IF EXISTS pg_hello_people");
  }

  @Test
  void rowsAreComputedWhereTheyAreStored() throws SQLException {
    execute(
        "INSERT INTO pg_hello_people (id, name) SELECT g, 'n' || g FROM generate_series(1, 1000) g");
    assertThat(
            ask(
                "SELECT count(*) FROM pg_hello_people WHERE twice = 'Hello, n' || id || '! Hello, n'"
                    + " || id || '!' AND at > 0"))
        .isEqualTo("1000");
    execute("CREATE INDEX ON pg_hello_people (pg_hello(name, 3))");
    assertThat(
            ask("SELECT id FROM pg_hello_people WHERE pg_hello(name, 3) = pg_hello('n7'::text, 3)"))
        .isEqualTo("7");
    // the plan of a worker has the call
    assertThat(ask("EXPLAIN (VERBOSE) SELECT pg_hello(name, 2) FROM pg_hello_people"))
        .contains("Citus Adaptive")
        .containsPattern("Query: SELECT .*pg_hello\\(name, 2\\)");
  }

  /** The reason for the warning: there is no error. */
  @Test
  void workersIgnoreSessionSettings() throws SQLException {
    execute("INSERT INTO pg_hello_people (id, name) VALUES (7, 'Ada')");
    try (Connection connection = DriverManager.getConnection(url);
        PgHelloClient client = PgHelloClient.builder().url(url).build()) {
      execute(connection, "SET pg_hello.repeat = 3");
      assertThat(ask(connection, "SELECT pg_hello(name) FROM pg_hello_people WHERE id = 7"))
          .isEqualTo("Hello, Ada!");
      assertThat(ask(connection, "SELECT pg_hello(name, 3) FROM pg_hello_people WHERE id = 7"))
          .isEqualTo("Hello, Ada! Hello, Ada! Hello, Ada!");
      assertThat(client.preflight()).extracting(PgHelloProblem::code).contains(Code.DISTRIBUTED);
      assertThat(client.hello("Ada", 2)).isEqualTo("Hello, Ada! Hello, Ada!");
    }
  }

  @Test
  void entitiesAreFilled() {
    var configuration = new Configuration();
    configuration.setProperty("hibernate.connection.url", url);
    try (SessionFactory sessions =
        configuration.addAnnotatedClass(Person.class).buildSessionFactory()) {
      sessions.inTransaction(
          session -> {
            for (long id = 1; id <= 20; id++) {
              var person = new Person();
              person.id = id;
              person.name = "n" + id;
              session.persist(person);
            }
          });
      assertThat(
              sessions.<Long>fromTransaction(
                  session ->
                      session
                          .createSelectionQuery(
                              "select count(*) from pg_hello_people where greeting ="
                                  + " pg_hello(name, 1) and at > 0",
                              Long.class)
                          .getSingleResult()))
          .isEqualTo(20);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url)) {
      execute(connection, sql);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private String ask(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url)) {
      return ask(connection, sql);
    }
  }

  /** Returns all rows, one a line. */
  private static String ask(Connection connection, String sql) throws SQLException {
    var rows = new StringBuilder();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        rows.append(rows.isEmpty() ? "" : "\n").append(row.getString(1));
      }
    }
    return rows.toString();
  }
}
