// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.internal.pool.PlainQueries.Effects;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests which roles can add side effects to a query. */
@PgHelloTest(create = false)
class SideEffectCheckIT {
  private static final Set<String> NAMES =
      Set.of("select", "id", "lower", "name", "mood", "from", "shop", "orders", "where");

  @BeforeEach
  void createTable(TestDatabase database, @Superuser Connection superuser) throws SQLException {
    run(
        superuser,
        "do $$ begin create role stranger; exception when duplicate_object then null; end $$",
        "create schema strange authorization stranger",
        "create function strange.same(int, int) returns boolean language sql immutable as"
            + " 'select $1 = $2'",
        "alter function strange.same owner to stranger");
    try (Connection owner = database.dataSource().getConnection()) {
      run(
          owner,
          "create schema shop",
          "create type shop.mood as enum ('happy')",
          "create table shop.orders (id int primary key, name text, mood shop.mood)",
          "create table shop.items (id int) partition by range (id)",
          "create index on shop.orders (lower(name))");
    }
  }

  /** These statements give no other role control over the objects in the query. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1",
        "alter table shop.orders owner to current_user",
        "alter schema shop owner to current_user",
        "grant usage on schema shop to public",
        "grant all on shop.orders to public, stranger",
        "create table strange.other (id int); alter table strange.other owner to stranger",
        "grant create on schema strange to public",
      })
  void onlyTheRoleItselfAndSuperusersCanAddEffects(
      String statement, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    run(superuser, statement);
    assertThat(check(database)).isEqualTo(Effects.NONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "alter table shop.orders owner to stranger",
        "alter schema shop owner to stranger",
        "alter schema public owner to stranger",
        "grant create on schema shop to stranger",
        "grant create on schema public to public",
        "grant create on schema shop to pg_monitor",
        "alter type shop.mood owner to stranger",
        "create table strange.orders (id int); alter table strange.orders owner to stranger",
        "create type strange.name as enum (); alter type strange.name owner to stranger",
        "create schema mood authorization stranger",
        "create schema USER authorization stranger",
        "create table child () inherits (shop.orders); alter table child owner to stranger",
        "create table parent (id int); alter table shop.orders inherit parent;"
            + " alter table parent owner to stranger",
        "alter database DATABASE owner to stranger",
        "grant create on database DATABASE to stranger",
        "grant create on database DATABASE to public",
        "alter role USER in database DATABASE set search_path = strange, public",
      })
  void anotherRoleCanAddEffects(
      String statement, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    try (Connection owner = database.dataSource().getConnection()) {
      run(
          superuser,
          statement
              .replace("DATABASE", '"' + owner.getCatalog() + '"')
              .replace("USER", '"' + owner.getMetaData().getUserName() + '"'));
    }
    assertThat(check(database)).isEqualTo(Effects.NONE_YET);
  }

  /** A superuser can create an operator class with a function that any role can change. */
  @ParameterizedTest
  @ValueSource(strings = {"stranger", "current_user"})
  void supportFunctionOfAnIndexIsNotInC(
      String owner, TestDatabase database, @Superuser Connection superuser) throws SQLException {
    run(
        superuser,
        "create function strange.other(int) returns int language sql immutable as 'select $1'",
        "create function shop.hash(int) returns int language sql immutable as"
            + " 'select strange.other($1)'",
        "alter function strange.other owner to stranger",
        "alter function shop.hash owner to " + owner,
        "create operator class shop.strange for type int using hash as operator 1 =, function 1"
            + " shop.hash(int)");
    assertThat(check(database)).isEqualTo(Effects.NONE_YET);
  }

  /** The owner of such a function could replace it with a function in another language. */
  @Test
  void anotherRoleOwnsAFunctionInC(TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    run(
        superuser,
        "create function strange.length(text) returns int language internal strict as 'textlen'");
    assertThat(check(database)).isEqualTo(Effects.NONE);
    run(superuser, "alter function strange.length owner to stranger");
    assertThat(check(database)).isEqualTo(Effects.NONE_YET);
  }

  @ParameterizedTest
  @ValueSource(strings = {"random", "clock_timestamp", "pg_sleep"})
  void volatileFunctionsAreAlwaysUndone(String function, TestDatabase database)
      throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(SideEffectCheck.run(connection, Set.of("select", function)))
          .isEqualTo(Effects.NONE_YET);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create operator strange.=== (function = strange.same, leftarg = int, rightarg = int)",
        "alter table shop.orders enable row level security",
        "create view strange.orders as select 1 as a",
      })
  void effectsArePossible(String statement, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    run(superuser, statement);
    assertThat(check(database)).isEqualTo(Effects.POSSIBLE);
  }

  /**
   * Such functions run the objects that are named in their argument, although the functions are not
   * volatile.
   */
  @ParameterizedTest
  @ValueSource(strings = {"table_to_xml", "schema_to_xml", "database_to_xml_and_xmlschema"})
  void functionsThatTakeNamesHaveEffects(String function, TestDatabase database)
      throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(SideEffectCheck.run(connection, Set.of("select", function)))
          .isEqualTo(Effects.POSSIBLE);
    }
  }

  /** The name of an array type leads to the check of its elements. */
  @Test
  void arrayOfADomainHasEffects(TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    run(superuser, "create domain strange.positive as int check (value > 0)");
    try (Connection connection = database.dataSource().getConnection()) {
      assertThat(SideEffectCheck.run(connection, Set.of("select", "_positive")))
          .isEqualTo(Effects.POSSIBLE);
    }
  }

  private static Effects check(TestDatabase database) throws SQLException {
    // a new session has the new search path
    try (Connection connection =
        DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password())) {
      return SideEffectCheck.run(connection, NAMES);
    }
  }

  private static void run(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String one : statements) {
        statement.execute(one);
      }
    }
  }
}
