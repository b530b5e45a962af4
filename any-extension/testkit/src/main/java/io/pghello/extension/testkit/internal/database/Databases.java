// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The statements that create, copy and drop the databases of a server. Runs them as the superuser.
 *
 * <p>Thread-safe.
 */
final class Databases implements AutoCloseable {
  private static final String TEST = "_test_";
  private static final String OBJECT_IN_USE = "55006";
  private static final int END_SECONDS = 20;
  private static final long END_NANOS = 1_000_000_000;
  private static final long POLL_NANOS = 1_000_000;

  /**
   * Copies the settings of the first database to the second one. Lists are copied with FROM
   * CURRENT, because their stored form is not a valid literal.
   */
  private static final String COPY_SETTINGS =
      """
      DO $do$
      DECLARE
        setting record;
        target text;
      BEGIN
        FOR setting IN
          SELECT r.rolname AS role, pg_catalog.split_part(c.config, '=', 1) AS name,
              pg_catalog.substr(c.config, pg_catalog.strpos(c.config, '=') OPERATOR(pg_catalog.+) 1) AS value
            FROM pg_catalog.pg_db_role_setting s
            JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.setdatabase
            CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c(config)
            LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.setrole
            WHERE d.datname OPERATOR(pg_catalog.=) <source>
        LOOP
          PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
          target := CASE WHEN setting.role IS NULL THEN format('ALTER DATABASE %I', <target>)
            ELSE format('ALTER ROLE %I IN DATABASE %I', setting.role, <target>) END;
          IF setting.name IN ('local_preload_libraries', 'search_path', 'session_preload_libraries', 'temp_tablespaces') THEN
            PERFORM set_config(setting.name, setting.value, true);
            EXECUTE pg_catalog.format('%s SET %I FROM CURRENT', target, setting.name);
          ELSE
            EXECUTE format('%s SET %I TO %L', target, setting.name, setting.value);
          END IF;
        END LOOP;
      END
      $do$
      """;

  private final ServerAddress address;
  private final String adminDatabase;
  private final Login superuser;
  private final Login owner;
  private final DatabaseNames names;
  private final AtomicInteger created = new AtomicInteger();
  private final Map<String, String> tests = new ConcurrentHashMap<>();
  private volatile boolean hasCachedTemplate;
  // this connection stays open; use it only for fast statements
  private final AdminConnection admin;

  /**
   * Describes the databases of a server.
   *
   * @param adminDatabase the database to connect to for statements about other databases
   */
  Databases(
      ServerAddress address,
      String adminDatabase,
      Login superuser,
      Login owner,
      DatabaseNames names) {
    this.address = address;
    this.adminDatabase = adminDatabase;
    this.superuser = superuser;
    this.owner = owner;
    this.names = names;
    this.admin = connect();
  }

  /** If a test has crashed the server, waits until the server accepts connections again. */
  void awaitServer() throws SQLException {
    admin.awaitServer();
  }

  /** Returns the major version of the server. */
  int major() throws SQLException {
    return (int) admin.execute("SHOW server_version_num") / 10_000;
  }

  /** Returns a new database name. Each call returns a different name. */
  String newName() {
    return names.prefix() + TEST + created.incrementAndGet();
  }

  /** Returns whether a name was returned by {@link #newName}. */
  boolean isGenerated(String name) {
    return name.startsWith(names.prefix() + TEST);
  }

  /**
   * Creates a database. On embedded servers, uses the strategy FILE_COPY: it writes no WAL, and it
   * also copies the catalog's relation cache file, so the first session in the database starts
   * faster.
   */
  void create(AdminConnection by, String name, @Nullable String template) throws SQLException {
    by.execute(
        "CREATE DATABASE "
            + quote(name)
            + " OWNER "
            + quote(owner.user())
            + (template == null ? "" : " TEMPLATE " + quote(template))
            + (template == null || !address.embedded() ? "" : " STRATEGY FILE_COPY"));
    if (template != null) {
      copySettings(by, name, template);
    }
  }

  /**
   * Copies the settings of ALTER DATABASE SET, which CREATE DATABASE does not copy. Some extensions
   * add their schema to the search path of the database in this way.
   */
  private static void copySettings(AdminConnection by, String to, String from) throws SQLException {
    String source = "'" + from.replace("'", "''") + "'";
    long settings =
        by.execute(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_db_role_setting s, pg_catalog.pg_database d"
                + " WHERE d.oid OPERATOR(pg_catalog.=) s.setdatabase"
                + " AND d.datname OPERATOR(pg_catalog.=) "
                + source);
    if (settings > 0) {
      String target = "'" + to.replace("'", "''") + "'";
      by.execute(COPY_SETTINGS.replace("<source>", source).replace("<target>", target));
    }
  }

  /**
   * Copies a database. Blocks connections to the source during the copy, because a template must
   * not have sessions.
   */
  void copy(AdminConnection by, String from, String to) throws SQLException {
    allowConnections(by, from, false);
    try {
      endAll(by, from);
      create(by, to, from);
    } finally {
      allowConnections(by, from, true);
    }
  }

  void drop(AdminConnection by, String name) throws SQLException {
    String sql = "DROP DATABASE IF EXISTS " + quote(name) + " WITH (FORCE)";
    endSessions(by, name);
    try {
      by.execute(sql);
    } catch (SQLException e) {
      if (!OBJECT_IN_USE.equals(e.getSQLState())) {
        throw e;
      }
      endTransactionsAndSubscriptions(name);
      endSessions(by, name);
      by.execute(sql);
    }
    tests.remove(name);
  }

  /**
   * Rolls back prepared transactions and drops subscriptions, because WITH (FORCE) does not remove
   * them.
   */
  private void endTransactionsAndSubscriptions(String name) throws SQLException {
    try (Connection connection = own(name).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("SET statement_timeout = " + END_SECONDS * 1000);
      for (String gid :
          names(
              statement,
              "SELECT gid FROM pg_catalog.pg_prepared_xacts"
                  + " WHERE database OPERATOR(pg_catalog.=) pg_catalog.current_database()")) {
        statement.execute("ROLLBACK PREPARED '" + gid.replace("'", "''") + "'");
      }
      for (String subscription :
          names(
              statement,
              "SELECT subname FROM pg_catalog.pg_subscription WHERE subdbid OPERATOR(pg_catalog.=)"
                  + " (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=)"
                  + " pg_catalog.current_database())")) {
        String alter = "ALTER SUBSCRIPTION " + quote(subscription);
        statement.execute(alter + " DISABLE");
        // keep the publisher's replication slot: the publisher may have stopped, or belong to
        // another test
        statement.execute(alter + " SET (slot_name = NONE)");
        statement.execute("DROP SUBSCRIPTION " + quote(subscription));
      }
    }
  }

  /** Returns the names of all databases of the owner. */
  List<String> ofOwner() throws SQLException {
    try (Connection connection = own(adminDatabase).getConnection();
        Statement statement = connection.createStatement()) {
      return names(
          statement,
          "SELECT datname FROM pg_catalog.pg_database"
              + " WHERE pg_catalog.pg_get_userbyid(datdba) OPERATOR(pg_catalog.=) '"
              + owner.user()
              + "'");
    }
  }

  private static List<String> names(Statement statement, String query) throws SQLException {
    var names = new ArrayList<String>();
    try (ResultSet rows = statement.executeQuery(query)) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }

  /** Records the test that uses a database, so that warnings can contain the test's name. */
  void setTest(String name, String test) {
    tests.put(name, test);
  }

  /** Returns the name of a database and the test that used it. */
  String described(String name) {
    String test = tests.get(name);
    return test == null ? name : name + " of " + test;
  }

  /** Makes {@link #openTemplate(AdminConnection)} also open the template in the cache. */
  void setCachedTemplate() {
    hasCachedTemplate = true;
  }

  /**
   * Makes the server create the templates' relation cache files, which are copied with the
   * templates. A restart of the server removes the file.
   */
  void openTemplate(AdminConnection by) throws SQLException {
    boolean workers = mayHaveWorkers(by);
    if (workers) {
      allowConnections(by, template(), true);
    }
    openTemplate(by, template());
    if (workers) {
      closeTemplate(by, template());
    }
    if (hasCachedTemplate) {
      allowConnections(by, cachedTemplate(), true);
      openTemplate(by, cachedTemplate());
      closeTemplate(by, cachedTemplate());
    }
  }

  /**
   * Returns whether background workers of an extension may connect to databases. For example,
   * TimescaleDB's scheduler connects to each database that contains the extension.
   */
  static boolean mayHaveWorkers(AdminConnection by) throws SQLException {
    return by.execute(
            "SELECT pg_catalog.length(pg_catalog.current_setting('shared_preload_libraries'))")
        > 0;
  }

  /**
   * Disconnects a database from all sessions and background workers until it allows connections
   * again, because a database with sessions cannot be copied.
   */
  static void closeTemplate(AdminConnection by, String template) throws SQLException {
    allowConnections(by, template, false);
    endAll(by, template);
  }

  private static void allowConnections(AdminConnection by, String name, boolean allowed)
      throws SQLException {
    by.execute("ALTER DATABASE " + quote(name) + " ALLOW_CONNECTIONS " + allowed);
  }

  void openTemplate(AdminConnection by, String template) throws SQLException {
    own(template).getConnection().close();
    endSessions(by, template);
  }

  /** Signals all sessions in a database to end, without waiting for their end. */
  void signalSessions(String name) throws SQLException {
    admin.execute(endingSessions(name));
  }

  /**
   * Ends all sessions in a database before the database is dropped or copied. DROP DATABASE itself
   * would wait 100 ms or more for a session that is ending.
   */
  private static void endSessions(AdminConnection by, String name) throws SQLException {
    end(by, endingSessions(name));
  }

  /**
   * Ends all sessions and background workers in a database that does not allow connections. A
   * session that is starting is not among the activities yet, but holds a lock on the database
   * until it is, so look at the locks first.
   */
  private static void endAll(AdminConnection by, String name) throws SQLException {
    String starting =
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks"
            + " WHERE locktype OPERATOR(pg_catalog.=) 'object'"
            + " AND classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_database'::pg_catalog.regclass"
            + " AND objid OPERATOR(pg_catalog.=)"
            + " (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) '"
            + name.replace("'", "''")
            + "')";
    long end = System.nanoTime() + END_NANOS;
    while (by.execute(starting) + by.execute(endingAll(name)) > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private static void end(AdminConnection by, String sql) throws SQLException {
    long end = System.nanoTime() + END_NANOS;
    while (by.execute(sql) > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /**
   * Returns a statement that signals all sessions in a database to end. Its result is the number of
   * these sessions.
   */
  private static String endingSessions(String name) {
    // the replication slot of a walsender prevents DROP DATABASE
    return endingAll(name) + " AND backend_type IN ('client backend', 'walsender')";
  }

  /** Returns a statement like {@link #endingSessions}, which also ends background workers. */
  private static String endingAll(String name) {
    // the view pg_stat_activity is slower because it joins database and role names
    return "SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid))"
        + " FROM pg_catalog.pg_stat_get_activity(NULL) WHERE datid OPERATOR(pg_catalog.=)"
        + " (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) '"
        + name.replace("'", "''")
        + "')";
  }

  AdminConnection connect() {
    return new AdminConnection(own(adminDatabase));
  }

  /**
   * Returns a data source for the testkit's own superuser sessions. The application name of these
   * sessions identifies the testkit.
   */
  DataSource own(String database) {
    PGSimpleDataSource dataSource = address.dataSource(database, superuser);
    dataSource.setApplicationName(names.application());
    return dataSource;
  }

  /** Returns the name of the template with the extensions. */
  String template() {
    return names.prefix() + "_template";
  }

  /** Returns the name of the template in the cache, which is the same in all JVMs. */
  String cachedTemplate() {
    return template() + "_cached";
  }

  static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /** Closes the connection that stays open. */
  @Override
  public void close() {
    admin.close();
  }
}
