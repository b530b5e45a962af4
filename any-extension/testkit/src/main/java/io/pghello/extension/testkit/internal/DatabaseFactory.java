// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.testkit.DatabasePreparer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The databases of one server: a template with the extensions, and copies of it. An ordinary role
 * owns the databases and creates the trusted extensions. The superuser creates all other
 * extensions.
 *
 * <p>Thread-safe.
 */
public final class DatabaseFactory implements AutoCloseable {
  private static final String TEST = "_test_";
  // the driver must not send the password in clear text, because another process may have taken the
  // port after the server stopped
  static final String REQUIRE_AUTH = "requireAuth";
  static final String NOT_IN_CLEAR_TEXT = "!password";
  private static final String OBJECT_IN_USE = "55006";
  // insufficient_privilege
  private static final String PERMISSION_DENIED = "42501";
  private static final int END_SECONDS = 20;
  private static final long END_NANOS = 1_000_000_000;
  private static final long POLL_NANOS = 1_000_000;

  /** A role and its password. The password is null if the server does not require one. */
  public record Login(String user, @Nullable String password) {
    @Override
    public String toString() {
      return user;
    }
  }

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

  private final String host;
  private final int port;
  private final String adminDatabase;
  private final Login superuser;
  private final Login owner;
  private volatile boolean createdOwner;
  private final DatabaseNames names;
  private final AtomicInteger created = new AtomicInteger();
  private final AtomicInteger createdTemplates = new AtomicInteger();
  private final Map<Object, CompletableFuture<String>> templates = new ConcurrentHashMap<>();
  private volatile boolean hasCachedTemplate;
  private final Map<String, String> tests = new ConcurrentHashMap<>();
  private final Set<String> kept = ConcurrentHashMap.newKeySet();
  private final @Nullable PreparedDatabases prepared;
  private final boolean clearText;
  // this connection stays open; use it only for fast statements
  private final AdminConnection admin;

  private DatabaseFactory(
      String host,
      int port,
      String adminDatabase,
      Login superuser,
      Login owner,
      DatabaseNames names,
      boolean ahead,
      boolean clearText) {
    this.host = host;
    this.port = port;
    this.adminDatabase = adminDatabase;
    this.superuser = superuser;
    this.owner = owner;
    this.names = names;
    this.clearText = clearText;
    this.prepared = ahead ? new PreparedDatabases(this) : null;
    this.admin = connect();
  }

  /**
   * Returns the databases of an embedded server. All roles have the same password. Databases are
   * created ahead of time and dropped in the background. Remaining databases are removed with the
   * server's data directory.
   */
  public static DatabaseFactory embedded(int port, String password, DatabaseNames names) {
    return new DatabaseFactory(
        "127.0.0.1",
        port,
        "postgres",
        new Login("postgres", password),
        new Login(names.prefix(), password),
        names,
        true,
        false);
  }

  /**
   * Returns the databases of an existing server. The names of the databases and of their owner are
   * unique.
   *
   * @param clearText whether the server may request passwords in clear text, for example to check
   *     them with LDAP
   */
  public static DatabaseFactory foreign(
      String host,
      int port,
      String database,
      Login superuser,
      DatabaseNames names,
      boolean clearText) {
    byte[] random = new byte[12];
    new SecureRandom().nextBytes(random);
    String secret = HexFormat.of().formatHex(random);
    DatabaseNames unique = names.withPrefix(names.prefix() + "_" + secret.substring(0, 8));
    return new DatabaseFactory(
        host,
        port,
        database,
        superuser,
        new Login(unique.prefix(), secret.substring(8)),
        unique,
        false,
        clearText);
  }

  /** Creates the owner of the databases, and the template. */
  public void prepare() throws SQLException {
    String password = owner.password();
    try (AdminConnection once = connect()) {
      once.execute(
          "CREATE ROLE "
              + quote(owner.user())
              + " LOGIN"
              + (password == null ? "" : " PASSWORD '" + stored(password) + "'"));
      createdOwner = true;
      once.execute("CREATE DATABASE " + quote(template()) + " OWNER " + quote(owner.user()));
    }
    String schema = names.schema();
    if (schema != null) {
      execute("CREATE SCHEMA IF NOT EXISTS " + quote(schema), owner);
    }
    for (String extension : names.extensions()) {
      createExtension(extension);
    }
    try (AdminConnection once = connect()) {
      if (mayHaveWorkers(once)) {
        closeTemplate(once, template());
      }
    }
  }

  /**
   * Returns a password in the form in which it is set. Some hosted servers accept passwords in
   * clear text only.
   */
  private String stored(String password) {
    return prepared == null ? password : ScramVerifier.of(password);
  }

  /** Creates an extension as the owner, or as the superuser if the extension is not trusted. */
  private void createExtension(String extension) throws SQLException {
    try {
      try {
        createExtension(extension, owner);
      } catch (SQLException e) {
        if (!PERMISSION_DENIED.equals(e.getSQLState())) {
          throw e;
        }
        createExtension(extension, superuser);
      }
    } catch (SQLException e) {
      String said = Remedies.said(e);
      throw new SQLException(
          "CREATE EXTENSION \""
              + extension
              + "\" failed: "
              + said
              + (said.endsWith(".") ? "" : ".")
              + Remedies.of(said),
          e.getSQLState(),
          e);
    }
  }

  /**
   * Creates an extension and the extensions that it requires. Does nothing if the extension was
   * already created because another extension requires it.
   */
  private void createExtension(String extension, Login login) throws SQLException {
    String schema = names.schema();
    execute(
        "CREATE EXTENSION IF NOT EXISTS "
            + quote(extension)
            + (schema == null ? "" : " SCHEMA " + quote(schema))
            + " CASCADE",
        login);
  }

  /** Executes a statement in the template. */
  private void execute(String sql, Login login) throws SQLException {
    try (Connection connection = dataSource(template(), login).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /**
   * If {@link #prepare} created the owner, drops the template, all other databases of the owner,
   * and the owner itself. Otherwise does nothing. If a database is kept for inspection or cannot be
   * dropped, the owner is kept too.
   *
   * @throws SQLException if a database or the owner cannot be dropped
   */
  public void dismantle() throws SQLException {
    if (!createdOwner) {
      return;
    }
    List<String> left;
    try (Connection connection = own(adminDatabase).getConnection();
        Statement statement = connection.createStatement()) {
      left =
          names(
              statement,
              "SELECT datname FROM pg_catalog.pg_database"
                  + " WHERE pg_catalog.pg_get_userbyid(datdba) OPERATOR(pg_catalog.=) '"
                  + owner.user()
                  + "'");
    }
    boolean keepsOwner = left.removeAll(kept);
    try (AdminConnection once = connect()) {
      SQLException failure = null;
      for (String name : left) {
        try {
          drop(once, name);
        } catch (SQLException e) {
          if (failure == null) {
            failure = e;
          } else {
            failure.addSuppressed(e);
          }
        }
      }
      if (failure != null) {
        throw failure;
      }
      if (!keepsOwner) {
        once.execute("DROP ROLE IF EXISTS " + quote(owner.user()));
      }
    }
  }

  /**
   * Creates a database with a generated name, or uses one that was created ahead of time. Returns
   * the database's name.
   */
  public String create(boolean withExtension) throws SQLException {
    return create(withExtension, null);
  }

  /**
   * Creates a database with a generated name, or uses one that was created ahead of time. Returns
   * the database's name.
   *
   * @param preparer the preparer that fills the template of the database; null for a database
   *     without additional contents
   * @throws IllegalStateException if the preparer fails
   */
  public String create(boolean withExtension, @Nullable DatabasePreparer preparer)
      throws SQLException {
    String template =
        preparer != null ? template(withExtension, preparer) : withExtension ? template() : null;
    if (template != null && prepared != null) {
      return prepared.take(template);
    }
    String name = newName();
    try (AdminConnection once = connect()) {
      create(once, name, template);
    }
    return name;
  }

  /**
   * Returns the template filled by a preparer. The preparer runs once, in the first thread that
   * needs the template; other threads wait. If the preparer fails, the next caller tries again.
   *
   * @throws IllegalStateException if the preparer fails
   */
  public String template(boolean withExtension, DatabasePreparer preparer) throws SQLException {
    return template(withExtension, preparer, template() + "_" + createdTemplates.incrementAndGet());
  }

  /**
   * Prepares the template with which the server can be stored in the cache.
   *
   * @throws IllegalStateException if the preparer fails
   */
  void prepare(TemplateRequest request) throws SQLException {
    var unused = template(request.withExtensions(), request.preparer(), cachedTemplate());
  }

  /** Registers the template that the server was started with. */
  void setCachedTemplate(TemplateRequest request) {
    hasCachedTemplate = true;
    templates.put(
        List.of(request.withExtensions(), request.preparer()),
        CompletableFuture.completedFuture(cachedTemplate()));
  }

  /** Returns the name of the template in the cache, which is the same in all JVMs. */
  private String cachedTemplate() {
    return template() + "_cached";
  }

  private String template(boolean withExtension, DatabasePreparer preparer, String name)
      throws SQLException {
    var key = List.of(withExtension, preparer);
    var own = new CompletableFuture<String>();
    CompletableFuture<String> other = templates.putIfAbsent(key, own);
    if (other != null) {
      return await(other);
    }
    try {
      makeTemplate(withExtension, preparer, name);
      own.complete(name);
      return name;
    } catch (SQLException | RuntimeException | Error e) {
      templates.remove(key);
      own.completeExceptionally(e);
      throw e;
    }
  }

  private static String await(CompletableFuture<String> template) throws SQLException {
    try {
      return template.get();
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNull(e.getCause());
      throw new IllegalStateException(cause.getMessage(), cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted while a template was being prepared", e);
    }
  }

  private void makeTemplate(boolean withExtension, DatabasePreparer preparer, String name)
      throws SQLException {
    try (AdminConnection once = connect()) {
      create(once, name, withExtension);
      try {
        preparer.prepare(dataSource(name, owner));
        openTemplate(once, name);
        closeTemplate(once, name);
      } catch (Exception e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        PreparationException failure = failure(preparer, e, name);
        try {
          drop(once, name);
        } catch (SQLException again) {
          e.addSuppressed(again);
        }
        throw failure;
      }
    }
  }

  /**
   * Returns an exception with the message of a failure and, if an extension in the template is the
   * cause, with a remedy.
   */
  private PreparationException failure(DatabasePreparer preparer, Exception e, String template) {
    String message =
        e instanceof PreparationException
            ? String.valueOf(e.getMessage())
            : preparer + " failed: " + e.getMessage();
    try {
      String remedy = PreparerErrors.remedy(e, own(template));
      if (!remedy.isEmpty()) {
        return new PreparationException(
            message.stripTrailing() + (message.strip().endsWith(".") ? " " : ". ") + remedy, e);
      }
    } catch (SQLException another) {
      e.addSuppressed(another);
    }
    return e instanceof PreparationException p ? p : new PreparationException(message, e);
  }

  /** Thrown if a preparer or script has failed. The message contains the cause. */
  public static final class PreparationException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /** Creates an exception. */
    public PreparationException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** If a test has crashed the server, waits until the server accepts connections again. */
  void awaitServer() throws SQLException {
    admin.awaitServer();
  }

  /** Returns a new database name. Each call returns a different name. */
  String newName() {
    return names.prefix() + TEST + created.incrementAndGet();
  }

  /** Creates a database with the given name. */
  public void create(String name, boolean withExtension) throws SQLException {
    try (AdminConnection once = connect()) {
      create(once, name, withExtension);
    }
  }

  void create(AdminConnection by, String name, boolean withExtension) throws SQLException {
    create(by, name, withExtension ? template() : null);
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
            + (template == null || prepared == null ? "" : " STRATEGY FILE_COPY"));
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
   * Creates a database with a generated name and the content of another database. Returns the
   * generated name.
   */
  public String copy(String from) throws SQLException {
    String name = newName();
    try (AdminConnection once = connect()) {
      copy(once, from, name);
    }
    return name;
  }

  /** Replaces the content of a database with the content of another one. */
  public void replace(String name, String from) throws SQLException {
    try (AdminConnection once = connect()) {
      drop(once, name);
      copy(once, from, name);
    }
  }

  /**
   * Copies a database. Blocks connections to the source during the copy, because a template must
   * not have sessions.
   */
  private void copy(AdminConnection by, String from, String to) throws SQLException {
    allowConnections(by, from, false);
    try {
      endAll(by, from);
      create(by, to, from);
    } finally {
      allowConnections(by, from, true);
    }
  }

  /**
   * Ends the sessions in a database and drops the database. Does nothing if the database does not
   * exist.
   */
  public void drop(String name) throws SQLException {
    try (AdminConnection once = connect()) {
      drop(once, name);
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
  public void setTest(String name, String test) {
    tests.put(name, test);
  }

  /** Returns the name of a database and the test that used it. */
  String described(String name) {
    String test = tests.get(name);
    return test == null ? name : name + " of " + test;
  }

  /**
   * Prevents a database from being dropped. Returns false if the database was already protected.
   */
  boolean keep(String name) {
    return kept.add(name);
  }

  /**
   * Returns the second part of the log message about a kept database: the commands to connect to
   * it. The caller writes the first part, which names the database.
   */
  String keptOnForeignServer(String name) {
    String user = superuser.user();
    return " is kept on your server:\n  psql: psql -h "
        + host
        + " -p "
        + port
        + " -U "
        + EmbeddedServer.quoted(user, Platform.POSIX)
        + " "
        + name
        + "\n  JDBC: "
        + url(name, new Login(user, null))
        + "\n  To remove it: DROP DATABASE "
        + quote(name)
        + "; DROP ROLE "
        + quote(owner.user());
  }

  /**
   * Ends the sessions in a database and drops the database. If databases are created ahead of time
   * on this server, databases with generated names are dropped in the background. All others are
   * dropped immediately. Does nothing if the database does not exist or is kept for inspection.
   */
  public void discard(String name) throws SQLException {
    if (kept.contains(name)) {
      return;
    }
    if (prepared == null || !name.startsWith(names.prefix() + TEST)) {
      drop(name);
      return;
    }
    if (prepared.drop(name) <= 1) {
      return;
    }
    try {
      // end the sessions now, because the sessions of many tests could reach max_connections
      admin.execute(endingSessions(name));
    } catch (SQLException e) {
      // the server is not running, so there are no sessions
    }
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
  private static boolean mayHaveWorkers(AdminConnection by) throws SQLException {
    return by.execute(
            "SELECT pg_catalog.length(pg_catalog.current_setting('shared_preload_libraries'))")
        > 0;
  }

  /**
   * Disconnects a database from all sessions and background workers until it allows connections
   * again, because a database with sessions cannot be copied.
   */
  private static void closeTemplate(AdminConnection by, String template) throws SQLException {
    allowConnections(by, template, false);
    endAll(by, template);
  }

  private static void allowConnections(AdminConnection by, String name, boolean allowed)
      throws SQLException {
    by.execute("ALTER DATABASE " + quote(name) + " ALLOW_CONNECTIONS " + allowed);
  }

  private void openTemplate(AdminConnection by, String template) throws SQLException {
    own(template).getConnection().close();
    endSessions(by, template);
  }

  /**
   * Drops, in the background, the databases that could not be dropped while the server was stopped.
   */
  public void dropLeft() {
    if (prepared != null) {
      prepared.dropLeft();
    }
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
  private DataSource own(String database) {
    PGSimpleDataSource dataSource = source(database, superuser);
    dataSource.setApplicationName(names.application());
    return dataSource;
  }

  /** Stops creating databases and closes the connections. */
  @Override
  public void close() {
    if (prepared != null) {
      prepared.close();
    }
    admin.close();
  }

  /** Returns the ordinary role that owns the databases. */
  public Login owner() {
    return owner;
  }

  /** Returns the superuser. */
  public Login superuser() {
    return superuser;
  }

  /** Returns a data source for a role and a database. */
  public DataSource dataSource(String database, Login login) {
    return source(database, login);
  }

  private PGSimpleDataSource source(String database, Login login) {
    PGSimpleDataSource dataSource = protectedSource(host, port, database, login);
    if (prepared != null) {
      // do not negotiate encryption with servers that this JVM has started; this saves three round
      // trips
      dataSource.setSslMode("disable");
      dataSource.setAssumeMinServerVersion("9.0");
    }
    return dataSource;
  }

  /** Returns a data source for a different address, such as a proxy. */
  public DataSource dataSource(String host, int port, String database, Login login) {
    return protectedSource(host, port, database, login);
  }

  private PGSimpleDataSource protectedSource(String host, int port, String database, Login login) {
    PGSimpleDataSource dataSource = source(host, port, database, login);
    if (!clearText) {
      refuseClearText(dataSource);
    }
    return dataSource;
  }

  /**
   * Prevents the driver from sending the password in clear text, if the driver's version supports
   * this.
   */
  static void refuseClearText(PGSimpleDataSource dataSource) {
    if (PGProperty.forName(REQUIRE_AUTH) != null) {
      try {
        dataSource.setProperty(REQUIRE_AUTH, NOT_IN_CLEAR_TEXT);
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  static PGSimpleDataSource source(String host, int port, String database, Login login) {
    var dataSource = new PGSimpleDataSource();
    dataSource.setServerNames(new String[] {host});
    dataSource.setPortNumbers(new int[] {port});
    dataSource.setDatabaseName(database);
    dataSource.setUser(login.user());
    dataSource.setPassword(login.password());
    return dataSource;
  }

  /** Returns the URL of a database, including user and password. */
  public String url(String database, Login login) {
    String password = login.password();
    return address(database)
        + "?user="
        + encode(login.user())
        + (password == null ? "" : "&password=" + encode(password))
        + (clearText ? "" : "&" + REQUIRE_AUTH + "=" + encode(NOT_IN_CLEAR_TEXT));
  }

  /** Returns the URL of a database without user and password. */
  public String address(String database) {
    // String.format would write the port in the locale's digits
    return "jdbc:postgresql://" + host + ":" + port + "/" + encode(database);
  }

  /** Returns the host of the server. */
  public String host() {
    return host;
  }

  /** Returns the port of the server. */
  public int port() {
    return port;
  }

  private String template() {
    return names.prefix() + "_template";
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }
}
