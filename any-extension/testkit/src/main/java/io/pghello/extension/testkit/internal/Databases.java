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
 * The databases of one server: a template that has the extensions, and copies of it. They are owned
 * by an ordinary role, which also creates the extensions if they are trusted.
 *
 * <p>Thread-safe.
 */
public final class Databases implements AutoCloseable {
  private static final String TEST = "_test_";
  // another process may have taken the port of a stopped server
  static final String REQUIRE_AUTH = "requireAuth";
  static final String NOT_IN_CLEAR_TEXT = "!password";
  private static final String OBJECT_IN_USE = "55006";
  // insufficient_privilege
  private static final String PERMISSION_DENIED = "42501";
  private static final int END_SECONDS = 20;
  private static final long END_NANOS = 1_000_000_000;
  private static final long POLL_NANOS = 1_000_000;

  /** A role and its password; null if the server requires no password. */
  public record Login(String user, @Nullable String password) {
    @Override
    public String toString() {
      return user;
    }
  }

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
  private final Map<String, String> tests = new ConcurrentHashMap<>();
  private final Set<String> kept = ConcurrentHashMap.newKeySet();
  private final @Nullable PreparedDatabases prepared;
  private final boolean clearText;
  // kept; for what takes no time
  private final AdminConnection admin;

  private Databases(
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
   * Returns the databases of an embedded server, where all roles have the same password. They are
   * created ahead, and dropped in the background: remaining databases are removed with the server's
   * data.
   */
  public static Databases embedded(int port, String password, DatabaseNames names) {
    return new Databases(
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
   * Returns databases of a server that is not ours: their names and the owner's are unique.
   *
   * @param clearText whether it may ask for passwords in clear text, as one with LDAP does
   */
  public static Databases foreign(
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
    return new Databases(
        host,
        port,
        database,
        superuser,
        new Login(unique.prefix(), secret.substring(8)),
        unique,
        false,
        clearText);
  }

  /** Creates the owner and the template. */
  public void prepare() throws SQLException {
    String password = owner.password();
    try (AdminConnection once = connect()) {
      once.execute(
          "CREATE ROLE "
              + quote(owner.user())
              + " LOGIN"
              + (password == null ? "" : " PASSWORD '" + password + "'"));
      createdOwner = true;
      once.execute("CREATE DATABASE " + quote(template()) + " OWNER " + quote(owner.user()));
    }
    for (String extension : names.extensions()) {
      createExtension(extension);
    }
  }

  /** As the owner, or as the superuser if the extension is not trusted. */
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
   * Creates an extension and those that it requires, unless it is there: another may have required
   * it.
   */
  private void createExtension(String extension, Login login) throws SQLException {
    try (Connection connection = dataSource(template(), login).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION IF NOT EXISTS " + quote(extension) + " CASCADE");
    }
  }

  /**
   * Drops the template, and whatever else is the owner's, and the owner, if {@link #prepare} has
   * created it. What cannot be dropped stays, with the owner, and is the error.
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

  /** Creates a database with a generated name, or takes one that was created in advance. */
  public String create(boolean withExtension) throws SQLException {
    return create(withExtension, null);
  }

  /**
   * Creates a database with a generated name, or takes one that was created in advance.
   *
   * @param preparer fills the template that the database is a copy of; null for none
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
   * Returns the template that a preparer has filled. The preparer runs once, in the first thread
   * that needs it, while the others wait; if it fails, the next caller tries again.
   *
   * @throws IllegalStateException if the preparer fails
   */
  public String template(boolean withExtension, DatabasePreparer preparer) throws SQLException {
    var key = List.of(withExtension, preparer);
    var own = new CompletableFuture<String>();
    CompletableFuture<String> other = templates.putIfAbsent(key, own);
    if (other != null) {
      return await(other);
    }
    try {
      String name = makeTemplate(withExtension, preparer);
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

  private String makeTemplate(boolean withExtension, DatabasePreparer preparer)
      throws SQLException {
    String name = template() + "_" + createdTemplates.incrementAndGet();
    try (AdminConnection once = connect()) {
      create(once, name, withExtension);
      try {
        preparer.prepare(dataSource(name, owner));
        openTemplate(once, name);
        once.execute("ALTER DATABASE " + quote(name) + " ALLOW_CONNECTIONS false");
        return name;
      } catch (Exception e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        try {
          drop(once, name);
        } catch (SQLException again) {
          e.addSuppressed(again);
        }
        throw e instanceof PreparationException p
            ? p
            : new PreparationException(preparer + " failed: " + e.getMessage(), e);
      }
    }
  }

  /** A schema that cannot be made; the message names the cause. */
  static final class PreparationException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    PreparationException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Waits until the server accepts connections, if a test has crashed it. */
  void awaitServer() throws SQLException {
    admin.awaitServer();
  }

  /** Returns a name that no database has had. */
  String newName() {
    return names.prefix() + TEST + created.incrementAndGet();
  }

  /** Creates a database under a name. */
  public void create(String name, boolean withExtension) throws SQLException {
    try (AdminConnection once = connect()) {
      create(once, name, withExtension);
    }
  }

  void create(AdminConnection by, String name, boolean withExtension) throws SQLException {
    create(by, name, withExtension ? template() : null);
  }

  /**
   * Creates a database. A server of ours writes no WAL for it, and copies the file with the
   * catalogue's layout, which the first session would have to make: sessions begin sooner.
   */
  void create(AdminConnection by, String name, @Nullable String template) throws SQLException {
    by.execute(
        "CREATE DATABASE "
            + quote(name)
            + " OWNER "
            + quote(owner.user())
            + (template == null ? "" : " TEMPLATE " + quote(template))
            + (template == null || prepared == null ? "" : " STRATEGY FILE_COPY"));
  }

  /** Creates a copy of a database with a generated name. */
  public String copy(String from) throws SQLException {
    String name = newName();
    try (AdminConnection once = connect()) {
      copy(once, from, name);
    }
    return name;
  }

  /** Gives a database the content of another one. */
  public void replace(String name, String from) throws SQLException {
    try (AdminConnection once = connect()) {
      drop(once, name);
      copy(once, from, name);
    }
  }

  /** Prevents logins to the other one in the meantime: a template must have no sessions. */
  private void copy(AdminConnection by, String from, String to) throws SQLException {
    by.execute("ALTER DATABASE " + quote(from) + " ALLOW_CONNECTIONS false");
    try {
      endSessions(by, from);
      create(by, to, from);
    } finally {
      by.execute("ALTER DATABASE " + quote(from) + " ALLOW_CONNECTIONS true");
    }
  }

  /** Drops a database if it exists, and ends the sessions in it. */
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

  /** Removes the objects of a test that DROP DATABASE WITH (FORCE) does not remove. */
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
        // the publisher may be gone, or another test's
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

  /** Notes the test that uses a database, for warnings. */
  public void setTest(String name, String test) {
    tests.put(name, test);
  }

  /** Returns the name of a database, with the test that has used it. */
  String described(String name) {
    String test = tests.get(name);
    return test == null ? name : name + " of " + test;
  }

  /** Keeps a database, which is not dropped from now on; returns false if it is kept already. */
  boolean keep(String name) {
    return kept.add(name);
  }

  /** Returns the end of a sentence that begins with a database that is kept, with the commands. */
  String keptOnForeignServer(String name) {
    String user = superuser.user();
    return " is kept, on your server:\n  psql: psql -h "
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
   * Ends the sessions in a database and drops it: immediately, or in the background if databases
   * are created in advance. Does nothing if there is no such database.
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
      // now, otherwise sessions of many tests could reach the connection limit of the server
      admin.execute(endingSessions(name));
    } catch (SQLException e) {
      // it does not run, and has no sessions
    }
  }

  /** Has the server make the file that is copied with the template, and is not kept over a stop. */
  void openTemplate(AdminConnection by) throws SQLException {
    openTemplate(by, template());
  }

  private void openTemplate(AdminConnection by, String template) throws SQLException {
    own(template).getConnection().close();
    endSessions(by, template);
  }

  /** Drops what could not be dropped while the server did not run, soon. */
  public void dropLeft() {
    if (prepared != null) {
      prepared.dropLeft();
    }
  }

  /** DROP DATABASE waits 100 ms, or several times that, for a session that is about to end. */
  private static void endSessions(AdminConnection by, String name) throws SQLException {
    String sql = endingSessions(name);
    long end = System.nanoTime() + END_NANOS;
    while (by.execute(sql) > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /** Returns a statement that terminates the sessions in a database, and counts them. */
  private static String endingSessions(String name) {
    // the view pg_stat_activity takes longer, as it joins the names of databases and roles
    return "SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid))"
        + " FROM pg_catalog.pg_stat_get_activity(NULL) WHERE datid OPERATOR(pg_catalog.=)"
        + " (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) '"
        + name.replace("'", "''")
        // a WAL sender has a slot, which prevents dropping the database
        + "') AND backend_type IN ('client backend', 'walsender')";
  }

  AdminConnection connect() {
    return new AdminConnection(own(adminDatabase));
  }

  /** Returns a data source with an application name. */
  private DataSource own(String database) {
    PGSimpleDataSource dataSource = source(database, superuser);
    dataSource.setApplicationName(names.application());
    return dataSource;
  }

  /** Creates no database ahead any more, and closes the connections that it has kept. */
  @Override
  public void close() {
    if (prepared != null) {
      prepared.close();
    }
    admin.close();
  }

  /** Returns the ordinary role that databases belong to. */
  public Login owner() {
    return owner;
  }

  /** Returns the superuser. */
  public Login superuser() {
    return superuser;
  }

  /** Returns a source of new connections of a role to a database. */
  public DataSource dataSource(String database, Login login) {
    return source(database, login);
  }

  private PGSimpleDataSource source(String database, Login login) {
    PGSimpleDataSource dataSource = protectedSource(host, port, database, login);
    if (prepared != null) {
      // the properties of an embedded server are known, which saves three round trips
      dataSource.setSslMode("disable");
      dataSource.setAssumeMinServerVersion("9.0");
    }
    return dataSource;
  }

  /** Returns such a source with another address, such as a proxy's. */
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

  /** Has the driver refuse to send the password in clear text, if the driver is new enough. */
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

  /** Returns the URL of a database, with role and password in it. */
  public String url(String database, Login login) {
    String password = login.password();
    return address(database)
        + "?user="
        + encode(login.user())
        + (password == null ? "" : "&password=" + encode(password))
        + (clearText ? "" : "&" + REQUIRE_AUTH + "=" + encode(NOT_IN_CLEAR_TEXT));
  }

  /** Returns the URL of a database without role and password. */
  public String address(String database) {
    // no format, which would write the port in the digits of the locale
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
