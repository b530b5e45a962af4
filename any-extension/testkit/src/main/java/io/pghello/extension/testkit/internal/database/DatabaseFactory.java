// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The databases of one server: a template with the extensions, and copies of it. An ordinary role
 * owns the databases and creates the trusted extensions. The superuser creates all other
 * extensions.
 *
 * <p>Thread-safe.
 */
public final class DatabaseFactory implements AutoCloseable {
  // insufficient_privilege
  private static final String PERMISSION_DENIED = "42501";

  private final ServerAddress address;
  private final Login superuser;
  private final Login owner;
  private volatile boolean createdOwner;
  private final DatabaseNames names;
  private final Set<String> kept = ConcurrentHashMap.newKeySet();
  private final Databases databases;
  private final PreparerTemplates templates;
  private final @Nullable PreparedDatabases prepared;

  private DatabaseFactory(
      ServerAddress address,
      String adminDatabase,
      Login superuser,
      Login owner,
      DatabaseNames names) {
    this.address = address;
    this.superuser = superuser;
    this.owner = owner;
    this.names = names;
    this.databases = new Databases(address, adminDatabase, superuser, owner, names);
    this.templates = new PreparerTemplates(databases, address, owner);
    this.prepared = address.embedded() ? new PreparedDatabases(databases) : null;
  }

  /**
   * Returns the databases of an embedded server. All roles have the same password. Databases are
   * created ahead of time and dropped in the background. Remaining databases are removed with the
   * server's data directory.
   */
  public static DatabaseFactory embedded(int port, String password, DatabaseNames names) {
    return new DatabaseFactory(
        new ServerAddress("127.0.0.1", port, true, false),
        "postgres",
        new Login("postgres", password),
        new Login(names.prefix(), password),
        names);
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
        new ServerAddress(host, port, false, clearText),
        database,
        superuser,
        new Login(unique.prefix(), secret.substring(8)),
        unique);
  }

  /** Returns the major version of the server, e.g. 17. */
  public int major() throws SQLException {
    return databases.major();
  }

  /** Creates the owner of the databases, and the template. */
  public void prepare() throws SQLException {
    String password = owner.password();
    try (AdminConnection once = databases.connect()) {
      once.execute(
          "CREATE ROLE "
              + Databases.quote(owner.user())
              + " LOGIN"
              + (password == null ? "" : " PASSWORD '" + stored(password) + "'"));
      createdOwner = true;
      once.execute(
          "CREATE DATABASE "
              + Databases.quote(databases.template())
              + " OWNER "
              + Databases.quote(owner.user()));
    }
    String schema = names.schema();
    if (schema != null) {
      execute("CREATE SCHEMA IF NOT EXISTS " + Databases.quote(schema), owner);
    }
    for (String extension : names.extensions()) {
      createExtension(extension);
    }
    try (AdminConnection once = databases.connect()) {
      if (Databases.mayHaveWorkers(once)) {
        Databases.closeTemplate(once, databases.template());
      }
    }
  }

  /**
   * Returns the SCRAM verifier of a password, or the password itself for servers of others, because
   * some hosted servers accept passwords in clear text only.
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
      String said = Remedies.message(e);
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
            + Databases.quote(extension)
            + (schema == null ? "" : " SCHEMA " + Databases.quote(schema))
            + " CASCADE",
        login);
  }

  /** Executes a statement in the template. */
  private void execute(String sql, Login login) throws SQLException {
    try (Connection connection = dataSource(databases.template(), login).getConnection();
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
    List<String> left = databases.ofOwner();
    boolean keepsOwner = left.removeAll(kept);
    try (AdminConnection once = databases.connect()) {
      SQLException failure = null;
      for (String name : left) {
        try {
          databases.drop(once, name);
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
        once.execute("DROP ROLE IF EXISTS " + Databases.quote(owner.user()));
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
        preparer != null ? templates.get(preparer) : withExtension ? databases.template() : null;
    if (template != null && prepared != null) {
      return prepared.next(template);
    }
    String name = databases.newName();
    try (AdminConnection once = databases.connect()) {
      databases.create(once, name, template);
    }
    return name;
  }

  /** Returns the templates that preparers have filled. */
  public PreparerTemplates templates() {
    return templates;
  }

  /** Creates a database with the given name. */
  public void create(String name, boolean withExtension) throws SQLException {
    try (AdminConnection once = databases.connect()) {
      databases.create(once, name, withExtension ? databases.template() : null);
    }
  }

  /**
   * Creates a database with a generated name and the content of another database. Returns the
   * generated name.
   */
  public String copy(String from) throws SQLException {
    String name = databases.newName();
    try (AdminConnection once = databases.connect()) {
      databases.copy(once, from, name);
    }
    return name;
  }

  /** Replaces the content of a database with the content of another one. */
  public void replace(String name, String from) throws SQLException {
    try (AdminConnection once = databases.connect()) {
      databases.drop(once, name);
      databases.copy(once, from, name);
    }
  }

  /**
   * Ends the sessions in a database and drops the database. Does nothing if the database does not
   * exist.
   */
  public void drop(String name) throws SQLException {
    try (AdminConnection once = databases.connect()) {
      databases.drop(once, name);
    }
  }

  /** Records the test that uses a database, so that warnings can contain the test's name. */
  public void setTest(String name, String test) {
    databases.setTest(name, test);
  }

  /**
   * Prevents a database from being dropped. Returns false if the database was already protected.
   */
  public boolean keep(String name) {
    return kept.add(name);
  }

  /**
   * Returns the second part of the log message about a kept database: the commands to connect to
   * it. The caller writes the first part, which names the database.
   */
  public String keptOnForeignServer(String name) {
    String user = superuser.user();
    return " is kept on your server:\n  psql: psql -h "
        + host()
        + " -p "
        + port()
        + " -U "
        + Platform.quoted(user, Platform.POSIX)
        + " "
        + name
        + "\n  JDBC: "
        + url(name, new Login(user, null))
        + "\n  To remove it: DROP DATABASE "
        + Databases.quote(name)
        + "; DROP ROLE "
        + Databases.quote(owner.user());
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
    if (prepared == null || !databases.isGenerated(name)) {
      drop(name);
      return;
    }
    if (prepared.drop(name) <= 1) {
      return;
    }
    try {
      // end the sessions now, because the sessions of many tests could reach max_connections
      databases.signalSessions(name);
    } catch (SQLException e) {
      // the server is not running, so there are no sessions
    }
  }

  /**
   * Drops, in the background, the databases that could not be dropped while the server was stopped.
   */
  public void dropLeft() {
    if (prepared != null) {
      prepared.dropLeft();
    }
  }

  /** Stops creating databases and closes the connections. */
  @Override
  public void close() {
    if (prepared != null) {
      prepared.close();
    }
    databases.close();
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
    return address.dataSource(database, login);
  }

  /** Returns a data source for a different address, such as a proxy. */
  public DataSource dataSource(String host, int port, String database, Login login) {
    return address.dataSource(host, port, database, login);
  }

  /** Returns the URL of a database, including user and password. */
  public String url(String database, Login login) {
    return address.url(database, login);
  }

  /** Returns the URL of a database without user and password. */
  public String address(String database) {
    return address.address(database);
  }

  /** Returns the host of the server. */
  public String host() {
    return address.host();
  }

  /** Returns the port of the server. */
  public int port() {
    return address.port();
  }
}
