// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import static io.pghello.plugin.Plugins.config;
import static io.pghello.plugin.Plugins.plugin;
import static io.pghello.plugin.Plugins.sql;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.testkit.PgHelloTest;
import java.util.Objects;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.Driver;

/** No server function lets the role of a read-only connection write. */
@PgHelloTest(create = false)
class RolesIT {
  private static final String ROLE = "only_reads";

  private ObjectNode config = Plugins.JSON.createObjectNode();
  private TestDatabase database;

  @BeforeEach
  void createRole(TestDatabase given) {
    database = given;
    config = config(given).put("user", ROLE).put("password", "p");
    asSuperuser(
        "do $$ begin create role " + ROLE + "; exception when duplicate_object then null; end $$",
        "alter role " + ROLE + " login password 'p' nosuperuser noreplication",
        "drop role if exists between");
  }

  @AfterEach
  void takeBack() {
    asSuperuser(
        "alter role " + ROLE + " nosuperuser noreplication inherit",
        "revoke pg_write_server_files, pg_execute_server_program, pg_signal_backend from " + ROLE,
        "drop role if exists between");
  }

  private void asSuperuser(String... statements) {
    Plugins.run(database.superuserDataSource(), statements);
  }

  private ObjectNode query(Permissions permissions) {
    try (PostgresPlugin plugin = plugin(permissions)) {
      return plugin.execute(Plugins.ID, config, "query", sql("select 1 as a"));
    }
  }

  private void refuses(String power) {
    ObjectNode answer = query(Permissions.read().withSql(true));
    assertThat(answer.at("/error/code").textValue())
        .as(answer.toString())
        .isEqualTo("POSTGRES_NOT_ALLOWED");
    assertThat(answer.at("/error/message").textValue()).contains("its role has " + power + ", ");
    assertThat(answer.at("/error/details/remedy").textValue())
        .contains("CREATE ROLE agent LOGIN", "GRANT SELECT", "privileged");
    try (PostgresPlugin plugin = plugin(Permissions.read())) {
      assertThatExceptionOfType(PostgresException.class)
          .isThrownBy(() -> plugin.connect(Plugins.ID, config))
          .extracting(PostgresException::code)
          .isEqualTo(Code.NOT_ALLOWED);
    }
    for (Permissions known :
        new Permissions[] {
          Permissions.read().withSql(true).withPrivileged(true), Permissions.all()
        }) {
      assertThat(query(known).at("/data/rows").toString()).isEqualTo("[{\"a\":1}]");
    }
  }

  @Test
  void acceptsOrdinaryRole() {
    assertThat(query(Permissions.read().withSql(true)).at("/data/rows").toString())
        .isEqualTo("[{\"a\":1}]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"pg_write_server_files", "pg_execute_server_program", "pg_signal_backend"})
  void rejectsMembers(String power) {
    asSuperuser("grant " + power + " to " + ROLE);
    refuses(power);
  }

  /** A role that can maintain all tables runs code of their owners. Exists since PostgreSQL 17. */
  @Test
  void rejectsPgMaintain() {
    String known =
        Plugins.value(
            database.superuserDataSource(),
            "select count(*) = 1 from pg_roles where rolname = 'pg_maintain'");
    boolean since17 =
        Plugins.value(
                database.superuserDataSource(),
                "select current_setting('server_version_num')::int >= 170000")
            .equals("t");
    assertThat(known.equals("t")).isEqualTo(since17);
    if (since17) {
      asSuperuser("grant pg_maintain to " + ROLE);
      try {
        refuses("pg_maintain");
      } finally {
        asSuperuser("revoke pg_maintain from " + ROLE);
      }
    }
  }

  /** With SET ROLE, the role can become an intermediate role that has the privilege. */
  @ParameterizedTest
  @ValueSource(strings = {"superuser", "replication", "in role pg_write_server_files"})
  void rejectsRolesThatCanBecomeOne(String power) {
    asSuperuser(
        "create role between " + power,
        "alter role " + ROLE + " noinherit",
        "grant between to " + ROLE);
    refuses(
        power.startsWith("in role ")
            ? power.substring("in role ".length())
            : power.toUpperCase(java.util.Locale.ROOT));
  }

  @Test
  void rejectsReplication() {
    asSuperuser("alter role " + ROLE + " replication");
    refuses("REPLICATION");
  }

  @Test
  void rejectsSuperuser() {
    Properties parts = Objects.requireNonNull(Driver.parseURL(database.superuserJdbcUrl(), null));
    config.put("user", parts.getProperty("user")).put("password", parts.getProperty("password"));
    refuses("SUPERUSER");
  }

  @Test
  void reportsTableOwners() {
    ObjectNode owner = config(database);
    Plugins.run(database.dataSource(), "create table owned (a int)");
    try (PostgresPlugin plugin = plugin(Permissions.read())) {
      assertThat(plugin.connect("owner", owner).ownsTables()).isTrue();
      assertThat(plugin.connect("reader", config).ownsTables()).isFalse();
    }
  }
}
