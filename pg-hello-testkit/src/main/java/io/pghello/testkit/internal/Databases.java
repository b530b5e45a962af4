// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The databases of one server: a template that has the extension, and copies of it. They belong to
 * an ordinary role, which created the extension itself, as it may because that is trusted.
 *
 * <p>Thread-safe.
 */
public final class Databases {
  /** Who logs in; without a password where the server asks for none. */
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
  private final String prefix;
  private final AtomicInteger created = new AtomicInteger();

  private Databases(
      String host, int port, String adminDatabase, Login superuser, Login owner, String prefix) {
    this.host = host;
    this.port = port;
    this.adminDatabase = adminDatabase;
    this.superuser = superuser;
    this.owner = owner;
    this.prefix = prefix;
  }

  /** Those of an embedded server, where all logins have the same password. */
  public static Databases embedded(int port, String password) {
    return new Databases(
        "127.0.0.1",
        port,
        "postgres",
        new Login("postgres", password),
        new Login("hello", password),
        "hello");
  }

  /** Those of a server that may have others: names are unique, the owner has a password. */
  public static Databases foreign(String host, int port, String database, Login superuser) {
    byte[] random = new byte[12];
    new SecureRandom().nextBytes(random);
    String secret = HexFormat.of().formatHex(random);
    String prefix = "hello_" + secret.substring(0, 8);
    return new Databases(
        host, port, database, superuser, new Login(prefix, secret.substring(8)), prefix);
  }

  /** Creates the owner and the template. */
  public void prepare() throws SQLException {
    String password = owner.password();
    admin(
        "CREATE ROLE "
            + quote(owner.user())
            + " LOGIN"
            + (password == null ? "" : " PASSWORD '" + password + "'"));
    admin("CREATE DATABASE " + quote(template()) + " OWNER " + quote(owner.user()));
    try (Connection connection = dataSource(template(), owner).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION pg_hello");
    }
  }

  /** Drops the template and the owner. */
  public void dismantle() throws SQLException {
    drop(template());
    admin("DROP ROLE IF EXISTS " + quote(owner.user()));
  }

  /** Creates a database under a name of its own. */
  public String create(boolean withExtension) throws SQLException {
    String name = prefix + "_test_" + created.incrementAndGet();
    create(name, withExtension);
    return name;
  }

  /** Creates a database. */
  public void create(String name, boolean withExtension) throws SQLException {
    admin(
        "CREATE DATABASE "
            + quote(name)
            + " OWNER "
            + quote(owner.user())
            + (withExtension ? " TEMPLATE " + quote(template()) : ""));
  }

  /** Drops a database if it exists, and ends the sessions in it. */
  public void drop(String name) throws SQLException {
    admin("DROP DATABASE IF EXISTS " + quote(name) + " WITH (FORCE)");
  }

  /** The major version that the server itself says. */
  public int major() throws SQLException {
    try (Connection connection = dataSource(adminDatabase, superuser).getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT current_setting('server_version_num')::int / 10000")) {
      row.next();
      return row.getInt(1);
    }
  }

  /** The ordinary role that databases belong to. */
  public Login owner() {
    return owner;
  }

  /** The superuser. */
  public Login superuser() {
    return superuser;
  }

  /** Connections of a login to a database, one each time it is asked for one. */
  public DataSource dataSource(String database, Login login) {
    return dataSource(host, port, database, login);
  }

  /** The same by way of another address. */
  public static DataSource dataSource(String host, int port, String database, Login login) {
    var dataSource = new PGSimpleDataSource();
    dataSource.setServerNames(new String[] {host});
    dataSource.setPortNumbers(new int[] {port});
    dataSource.setDatabaseName(database);
    dataSource.setUser(login.user());
    dataSource.setPassword(login.password());
    return dataSource;
  }

  /** The URL of a database, with the login in it. */
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

  /** Where the server is. */
  public String host() {
    return host;
  }

  /** Where the server listens. */
  public int port() {
    return port;
  }

  private String template() {
    return prefix + "_template";
  }

  private void admin(String sql) throws SQLException {
    try (Connection connection = dataSource(adminDatabase, superuser).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }
}
