// SPDX-License-Identifier: MIT
package io.pghello.examples.mcp;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGConnection;

/** The attacked database, observed through a separate connection. */
final class Victim implements AutoCloseable {
  private static final String MAKE =
      """
      drop schema if exists public cascade;
      create schema public;
      create table users (id int primary key, name text);
      insert into users values (1, 'alice'), (2, 'bob');
      create sequence numbers;
      create function sign_up(name text) returns int language sql
        as $$ insert into users values (3, name) returning id $$;
      """;

  private static final String LOCKED =
      "exists (select from pg_locks where locktype = 'advisory' and database ="
          + " (select oid from pg_database where datname = current_database()))";

  private static final String PASSWORD = "agent";

  private final TestDatabase database;
  private final Properties login;
  private final Connection owner;
  private Connection colleague;

  /**
   * Creates the database.
   *
   * @param mayWrite whether the agent logs in as the owner of the tables, rather than as a
   *     dedicated role that may read one table
   */
  Victim(ExtensionServer server, boolean mayWrite) throws SQLException {
    database = server.createEmptyDatabase();
    login = Objects.requireNonNull(Driver.parseURL(database.jdbcUrl(), null));
    owner = database.superuserDataSource().getConnection();
    if (!mayWrite) {
      login.setProperty("user", database.name() + "_agent");
      login.setProperty("password", PASSWORD);
      run("create role \"%s\" login password '%s'".formatted(role(), PASSWORD));
    }
    colleague = database.dataSource().getConnection();
    run("listen orders");
    restore();
  }

  /** Returns a property of the agent's login, given the driver's name for this property. */
  String login(String part) {
    return login.getProperty(part);
  }

  private String role() {
    return login("user");
  }

  private void run(String sql) throws SQLException {
    try (Statement statement = owner.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Restores the original state. */
  void restore() throws SQLException {
    run(MAKE);
    run("select lo_unlink(oid) from pg_largeobject_metadata");
    run("alter schema public owner to \"" + database.user() + "\"");
    run("alter table users owner to \"" + database.user() + "\"");
    run("alter sequence numbers owner to \"" + database.user() + "\"");
    run("grant usage on schema public to \"" + role() + "\"");
    run("grant select on users to \"" + role() + "\"");
    run("alter role \"" + role() + "\" in database \"" + database.name() + "\" reset all");
    run("alter role \"" + role() + "\" reset all");
    if (!isThere(colleague)) {
      colleague.close();
      colleague = database.dataSource().getConnection();
    }
    var unused = messages();
  }

  /**
   * Returns the changes since the original state was last restored; an empty list if there are
   * none.
   */
  List<String> damage() throws SQLException {
    var damage = new ArrayList<String>();
    note(damage, "rows", "select count(*) <> 2 or max(name) <> 'bob' from users", "users");
    note(damage, "a table", "select count(*) <> 1 from pg_tables where schemaname = 'public'");
    note(damage, "a sequence", "select to_regclass('numbers') is null");
    note(damage, "a sequence", "select is_called or last_value <> 1 from numbers", "numbers");
    note(damage, "a large object", "select count(*) <> 0 from pg_largeobject_metadata");
    note(
        damage,
        "the role's settings",
        "select count(*) <> 0 from pg_db_role_setting s join pg_roles r on r.oid = s.setrole"
            + " where rolname = '"
            + role()
            + "'");
    // an MCP server may reset its session only after it has responded, so wait for the locks to be
    // released
    run(
        "do $$ begin for i in 1..200 loop exit when not (%s); perform pg_sleep(0.1); end loop; end $$"
            .formatted(LOCKED));
    note(damage, "a lock that stays", "select " + LOCKED);
    if (messages() > 0) {
      damage.add("a notification");
    }
    if (!isThere(colleague)) {
      damage.add("ended another session");
    }
    return damage;
  }

  private void note(List<String> damage, String what, String sql, String... tables)
      throws SQLException {
    try (Statement statement = owner.createStatement()) {
      for (String table : tables) {
        try (ResultSet there =
            statement.executeQuery("select to_regclass('" + table + "') is null")) {
          there.next();
          if (there.getBoolean(1)) {
            return;
          }
        }
      }
      try (ResultSet result = statement.executeQuery(sql)) {
        result.next();
        if (result.getBoolean(1)) {
          damage.add(what);
        }
      }
    }
  }

  private static boolean isThere(Connection connection) throws SQLException {
    return connection.isValid(10);
  }

  private int messages() throws SQLException {
    return owner.unwrap(PGConnection.class).getNotifications().length;
  }

  @Override
  public void close() throws SQLException {
    colleague.close();
    owner.close();
    database.close();
  }
}
