// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The databases of one server: a template that has the extensions, and copies of it. They belong to
 * an ordinary role, which created the extensions itself, as it may where they are trusted.
 *
 * <p>Thread-safe.
 */
public final class Databases implements AutoCloseable {
  private static final String TEST = "_test_";
  // insufficient_privilege
  private static final String PERMISSION_DENIED = "42501";
  private static final long END_NANOS = 1_000_000_000;
  private static final long POLL_NANOS = 1_000_000;

  /** A role and its password; null where the server asks for none. */
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
  private final @Nullable PreparedDatabases prepared;
  // kept; for what takes no time
  private final AdminConnection admin;

  private Databases(
      String host,
      int port,
      String adminDatabase,
      Login superuser,
      Login owner,
      DatabaseNames names,
      boolean ahead) {
    this.host = host;
    this.port = port;
    this.adminDatabase = adminDatabase;
    this.superuser = superuser;
    this.owner = owner;
    this.names = names;
    this.prepared = ahead ? new PreparedDatabases(this) : null;
    this.admin = connect();
  }

  /**
   * Returns the databases of an embedded server, where all roles have the same password. They are
   * created ahead, and dropped in the background: what is left goes with the server's data.
   */
  public static Databases embedded(int port, String password, DatabaseNames names) {
    return new Databases(
        "127.0.0.1",
        port,
        "postgres",
        new Login("postgres", password),
        new Login(names.prefix(), password),
        names,
        true);
  }

  /** Returns databases of a server that is not ours: their names and the owner's are unique. */
  public static Databases foreign(
      String host, int port, String database, Login superuser, DatabaseNames names) {
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
        false);
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

  /** As the owner, or, where an extension is not trusted, as the superuser. */
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
    var left = new ArrayList<String>();
    try (Connection connection = own(adminDatabase).getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT datname FROM pg_catalog.pg_database"
                    + " WHERE pg_catalog.pg_get_userbyid(datdba) OPERATOR(pg_catalog.=) '"
                    + owner.user()
                    + "'")) {
      while (rows.next()) {
        left.add(rows.getString(1));
      }
    }
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
      once.execute("DROP ROLE IF EXISTS " + quote(owner.user()));
    }
  }

  /** Creates a database under a name of its own, or takes one that was created ahead. */
  public String create(boolean withExtension) throws SQLException {
    if (withExtension && prepared != null) {
      return prepared.take();
    }
    String name = newName();
    create(name, withExtension);
    return name;
  }

  /** Waits until the server takes connections, where a test has crashed it. */
  void awaitServer() throws SQLException {
    admin.awaitServer();
  }

  /** Returns a name that no database has had. */
  String newName() {
    return names.prefix() + TEST + created.incrementAndGet();
  }

  /** Creates a database. */
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
  private void create(AdminConnection by, String name, @Nullable String template)
      throws SQLException {
    by.execute(
        "CREATE DATABASE "
            + quote(name)
            + " OWNER "
            + quote(owner.user())
            + (template == null ? "" : " TEMPLATE " + quote(template))
            + (template == null || prepared == null ? "" : " STRATEGY FILE_COPY"));
  }

  /** Creates a database under a name of its own with the content of another one. */
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

  /** Lets nobody into the other one meanwhile: a template must have no sessions. */
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
    endSessions(by, name);
    by.execute("DROP DATABASE IF EXISTS " + quote(name) + " WITH (FORCE)");
  }

  /**
   * Ends the sessions in a database and drops it: at once, or soon if it is one of those that are
   * created ahead. Does nothing if there is no such database.
   */
  public void discard(String name) throws SQLException {
    if (prepared == null || !name.startsWith(names.prefix() + TEST)) {
      drop(name);
      return;
    }
    if (prepared.drop(name) <= 1) {
      return;
    }
    try {
      // now, or else sessions of many tests could be all that the server allows
      admin.execute(endingSessions(name));
    } catch (SQLException e) {
      // it does not run, and has no sessions
    }
  }

  /** Has the server make the file that is copied with the template, and is not kept over a stop. */
  void openTemplate(AdminConnection by) throws SQLException {
    own(template()).getConnection().close();
    endSessions(by, template());
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

  /** Returns a statement that tells the sessions in a database to end, and counts them. */
  private static String endingSessions(String name) {
    // the view pg_stat_activity takes longer, as it joins the names of databases and roles
    return "SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid))"
        + " FROM pg_catalog.pg_stat_get_activity(NULL) WHERE datid OPERATOR(pg_catalog.=)"
        + " (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) '"
        + name.replace("'", "''")
        + "') AND backend_type OPERATOR(pg_catalog.=) 'client backend'";
  }

  AdminConnection connect() {
    return new AdminConnection(own(adminDatabase));
  }

  /** Returns a source of sessions that say whose they are. */
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
    PGSimpleDataSource dataSource = driverDataSource(host, port, database, login);
    if (prepared != null) {
      // what is known of a server of ours need not be asked: three round trips less
      dataSource.setSslMode("disable");
      dataSource.setAssumeMinServerVersion("9.0");
    }
    return dataSource;
  }

  /** Returns such a source with another address, as that of a proxy. */
  public static DataSource dataSource(String host, int port, String database, Login login) {
    return driverDataSource(host, port, database, login);
  }

  private static PGSimpleDataSource driverDataSource(
      String host, int port, String database, Login login) {
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
    // no format, which would write the port in the digits of the locale
    return "jdbc:postgresql://"
        + host
        + ":"
        + port
        + "/"
        + encode(database)
        + "?user="
        + encode(login.user())
        + (password == null ? "" : "&password=" + encode(password));
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
