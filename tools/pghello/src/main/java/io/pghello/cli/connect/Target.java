// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.core.ServerVersion;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.util.HostSpec;

/** The server, database and role to connect to, as found by {@link TargetResolver}. */
public record Target(
    String address, String database, Properties properties, Map<String, String> environment) {
  // Selects from pg_settings because transaction_timeout does not exist before PostgreSQL 17.
  private static final String WITHOUT_LIMITS =
      """
      SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
      WHERE name OPERATOR(pg_catalog.=) ANY (ARRAY['default_transaction_read_only', 'idle_in_transaction_session_timeout',
        'idle_session_timeout', 'lock_timeout', 'statement_timeout', 'transaction_timeout'])
      """;

  static {
    // The driver's own reader of password files must not find a file that PasswordFile ignores.
    System.setProperty("org.postgresql.pgpassfile", "/dev/null");
    // By default, Java tries IPv4 addresses first. Another server could have the other address.
    System.setProperty("java.net.preferIPv6Addresses", "system");
  }

  /**
   * Loads classes for the login in another thread while the calling thread parses the command line.
   */
  public static void preloadLogin() {
    var thread =
        new Thread(
            () -> {
              // Loads number parsers and Java's calendar data.
              ServerVersion.from(null);
              Calendar.getInstance();
            },
            "pghello-login");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Returns a copy of this target whose connections do not fire event triggers, e.g. the login
   * triggers introduced in PostgreSQL 17. Programs started with {@link #environment} still fire
   * them. The role must be a superuser.
   *
   * @param major the server's major version; for versions before 17, this target is returned
   *     unchanged
   */
  public Target withoutEventTriggers(int major) {
    if (major < 17) {
      return this;
    }
    var quiet = new Properties();
    quiet.putAll(properties);
    String options = PGProperty.OPTIONS.getOrDefault(properties);
    PGProperty.OPTIONS.set(quiet, (options == null ? "" : options + " ") + "-c event_triggers=off");
    return new Target(address, database, quiet, environment);
  }

  /** Returns a target with this name for its sessions and the sessions of child processes. */
  public Target withApplicationName(String name) {
    var named = new Properties();
    named.putAll(properties);
    PGProperty.APPLICATION_NAME.set(named, name);
    var variables = new HashMap<>(environment);
    variables.put("PGAPPNAME", name);
    return new Target(address, database, named, variables);
  }

  /** Returns a target for another database of the same server, with the same role. */
  public Target in(String other) {
    return new Target(address, other, properties, environment);
  }

  String url() {
    return "jdbc:postgresql://"
        // The driver accepts only host names; the socket factory ignores them.
        + (isSocket() ? "localhost" + address.substring(address.lastIndexOf(':')) : address)
        + "/"
        + URLEncoder.encode(database, StandardCharsets.UTF_8);
  }

  /** Returns the only host, without brackets. */
  private String host() {
    return address.substring(0, address.lastIndexOf(':')).replaceAll("^\\[|]$", "");
  }

  /** Returns the only port. */
  private String port() {
    return address.substring(address.lastIndexOf(':') + 1);
  }

  private boolean isSocket() {
    return address.startsWith("/");
  }

  /**
   * Returns the role that logs in, regardless of the role that the database sets for its sessions.
   */
  public String role() {
    return properties.getProperty(PGProperty.USER.getName());
  }

  /** Returns whether the address refers to this machine. */
  public boolean isOnThisMachine() {
    return isSocket() || address.matches("(localhost|127\\.0\\.0\\.1|\\[::1\\]):.*");
  }

  /** Returns the database and server for display. */
  public String name() {
    return database + " at " + address;
  }

  /**
   * Opens a connection without a pool. Bypasses DriverManager, which would search for all drivers.
   */
  public Connection connect() throws SQLException {
    Connection connection = open();
    // Without this search_path, a function in another schema could shadow a built-in one. The owner
    // of the database can set a less privileged role for its sessions. That role would not restrict
    // functions, because any function could switch back to the login role. However, checks of this
    // session's privileges would see only that role and not the login role. Other values of the
    // last two settings would change results.
    String settings =
        "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false), pg_catalog.set_config('role', 'none', false),"
            + " pg_catalog.set_config('quote_all_identifiers', 'off', false), pg_catalog.set_config('array_nulls', 'on', false)"
            + " WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) "
            + connection.unwrap(PgConnection.class).getBackendPID();
    try (Statement statement = connection.createStatement();
        ResultSet own = statement.executeQuery(settings)) {
      Failure.throwIf(
          !own.next(),
          "the connection goes through a pooler, which would pass the session settings of "
              + "pghello to other clients: connect to the server directly");
      return connection;
    } catch (SQLException | RuntimeException | Error e) {
      connection.close();
      throw e;
    }
  }

  /** Connects to the first host that is available and has the required state, as libpq does. */
  private Connection open() throws SQLException {
    String type = properties.getProperty(PGProperty.TARGET_SERVER_TYPE.getName());
    List<String> types =
        "preferSecondary".equals(type) ? List.of("secondary", "any") : List.of(type);
    SQLException failure = null;
    for (String each : types) {
      for (Target host : hosts()) {
        try {
          return host.openHost(each);
        } catch (SQLException e) {
          if (!ConnectionFailure.allowsOtherHost(e)) {
            throw e;
          }
          failure = e;
        }
      }
    }
    throw Objects.requireNonNull(failure);
  }

  /** Returns a target for each host, with its port as the user has written it. */
  List<Target> hosts() {
    String[] ports = environment.getOrDefault("PGPORT", "").split(",", -1);
    var hosts = new ArrayList<Target>();
    for (String each : address.split(",", -1)) {
      var one = new HashMap<>(environment);
      var host = new Target(each, database, properties, one);
      String port = ports[ports.length == 1 ? 0 : hosts.size()];
      one.put("PGHOST", host.host());
      one.put("PGPORT", port.isEmpty() ? host.port() : port);
      hosts.add(host);
    }
    return hosts;
  }

  /** Connects to a single host, with and without TLS in the same cases as libpq. */
  private Connection openHost(String type) throws SQLException {
    Properties all = withPassword();
    PGProperty.TARGET_SERVER_TYPE.set(all, type);
    if (!isSocket()) {
      PGProperty.SOCKET_FACTORY.set(all, TcpSocketFactory.class.getName());
      PGProperty.SOCKET_FACTORY_ARG.set(
          all,
          TcpSocketFactory.argument(
              host(), port(), String.valueOf(PGProperty.CONNECT_TIMEOUT.getOrDefault(properties))));
    }
    SQLException failure = null;
    for (Iterator<String> modes = TlsSettings.attempts(all).iterator(); ; ) {
      String mode = modes.next();
      PGProperty.SSL_MODE.set(all, mode);
      try {
        Connection connection = new Driver().connect(url(), all);
        if (connection == null) {
          throw Failure.unknown("the driver does not accept " + url());
        }
        if (failure != null && mode.equals("disable")) {
          ConnectionFailure.warnAboutTls(failure);
        }
        return connection;
      } catch (SQLException e) {
        if (!modes.hasNext() || !ConnectionFailure.allowsOtherMode(e, mode)) {
          throw ConnectionFailure.mostUseful(failure, e, mode);
        }
        failure = e;
      }
    }
  }

  /** Adds the password from the password file. */
  private Properties withPassword() {
    var all = new Properties();
    all.putAll(properties);
    String file = environment.get("PGPASSFILE");
    if (file != null) {
      // libpq compares the port in the file with the text that the user has written.
      String port = environment.getOrDefault("PGPORT", port());
      String password = PasswordFile.find(Path.of(file), host(), port, database, role());
      if (password != null && !password.isEmpty()) {
        all.setProperty(PGProperty.PASSWORD.getName(), password);
      }
    }
    return all;
  }

  /** Opens a read-write connection, even if transactions are read-only by default. */
  public Connection connectToWrite() throws SQLException {
    return connect("SELECT pg_catalog.set_config('default_transaction_read_only', 'off', false)");
  }

  /**
   * Opens a read-write connection for long-running statements, regardless of the defaults and
   * timeouts of the server, database and role. TCP keepalive detects a lost server.
   */
  public Connection connectForLong() throws SQLException {
    Connection connection = connect(WITHOUT_LIMITS);
    try {
      connection.setNetworkTimeout(Runnable::run, 0);
      return connection;
    } catch (SQLException | RuntimeException | Error e) {
      connection.close();
      throw e;
    }
  }

  private Connection connect(String settings) throws SQLException {
    Connection connection = connect();
    try (Statement statement = connection.createStatement()) {
      statement.execute(settings);
      return connection;
    } catch (SQLException | RuntimeException | Error e) {
      connection.close();
      throw e;
    }
  }

  /** Returns a target that contains only the host of this connection. */
  public Target pinnedTo(Connection connection) throws SQLException {
    if (!address.contains(",")) {
      return this;
    }
    HostSpec host = connection.unwrap(PgConnection.class).getQueryExecutor().getHostSpec();
    String connected = address(host.getHost().replaceAll("^\\[|]$", ""), host.getPort());
    return hosts().stream()
        .filter(each -> each.address.equals(connected))
        .findFirst()
        .orElseThrow();
  }

  /** Returns a connection string that contains only the name of the database, quoted. */
  public static String conninfo(String database) {
    return "dbname='" + database.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  /** Returns one host and its port in the driver's notation. */
  static String address(String host, int port) {
    boolean bracketed = host.contains(":") && !host.startsWith("/");
    return (bracketed ? "[" + host + "]" : host) + ":" + port;
  }
}
