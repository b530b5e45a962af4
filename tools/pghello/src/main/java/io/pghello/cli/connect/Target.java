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
import java.util.Calendar;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.core.ServerVersion;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.util.HostSpec;

/**
 * The server, database and role to connect to. Like libpq, this class takes each parameter from the
 * first source that defines it: option, service, environment variable, default. It takes the
 * password from the service, {@code PGPASSWORD} or the password file, but never from the command
 * line.
 */
public record Target(
    String address, String database, Properties properties, Map<String, String> environment) {
  /** A directory that does not exist. */
  private static final Path NO_HOME = Path.of("/nonexistent");

  private static final String DEFAULT_PORT = "5432";

  private static final Pattern PORT = Pattern.compile("\\s*([+-]?)0*([0-9]{1,9})\\s*");

  /** The notations of IPv4 addresses in C, also with octal and hexadecimal numbers. */
  private static final Pattern NUMBERS =
      Pattern.compile("(0[xX]\\p{XDigit}*|[0-9]+)(\\.(0[xX]\\p{XDigit}*|[0-9]+)){0,3}");

  private static final Map<String, String> SESSIONS =
      Map.of(
          "any", "any",
          "read-write", "primary",
          "primary", "primary",
          "read-only", "secondary",
          "standby", "secondary",
          "prefer-standby", "preferSecondary");

  // The values for which libpq checks only whether the server is in recovery. The driver checks
  // whether transactions are read-only, which the server or role can also set by default.
  private static final Set<String> BY_RECOVERY = Set.of("primary", "standby", "prefer-standby");

  private static final String READ_WRITE = "-c default_transaction_read_only=off";

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
   * Finds the target, without the files of a home directory.
   *
   * @param user the default role
   * @see #find(Map, Map, Function, Account, int)
   */
  public static Target find(
      Map<String, @Nullable String> options,
      Map<String, String> service,
      Function<String, @Nullable String> variables,
      String user,
      int timeoutSeconds) {
    return find(options, service, variables, new Account(user, NO_HOME), timeoutSeconds);
  }

  /**
   * Finds the target.
   *
   * @param options the values from the command line, with libpq's names; null for no value
   * @param service the values from the service, with libpq's names
   * @param variables the environment
   * @param account the user of this process, who is the default role
   * @throws IllegalArgumentException if the parameters are invalid
   */
  static Target find(
      Map<String, @Nullable String> options,
      Map<String, String> service,
      Function<String, @Nullable String> variables,
      Account account,
      int timeoutSeconds) {
    Function<String, @Nullable String> value = name -> value(name, options, service, variables);
    String hosts = orElse(value.apply("host"), "localhost");
    boolean isSocket = hosts.startsWith("/");
    if (hosts.startsWith("@") || (isSocket && hosts.contains(","))) {
      throw new IllegalArgumentException(
          "the host must be one or more names, or one directory with a Unix socket, but is "
              + hosts);
    }
    if (!isSocket && hosts.matches("(?s).*[@=?\\s].*|.*/.*")) {
      // The value is not included, because it may contain a password.
      throw new IllegalArgumentException(
          "the host is not a name or address: pass each parameter with -h, -p, -U and -d, or use "
              + "a service");
    }
    for (String each : isSocket ? new String[0] : hosts.split(",", -1)) {
      checkHost(each);
    }
    if (hosts.matches(",.*|.*,,.*|.*,")) {
      throw new IllegalArgumentException(
          "the list of hosts contains an empty name: remove the comma");
    }
    for (Parameter parameter : Parameter.ALL) {
      if (parameter.keyword() != null) {
        parameter.refuse(value.apply(parameter.keyword()));
      }
    }
    String given = value.apply("target_session_attrs");
    String attributes = given == null ? "any" : given;
    String sessions = SESSIONS.get(attributes);
    if (sessions == null) {
      throw new IllegalArgumentException(
          "invalid target_session_attrs: %s; use %s"
              .formatted(attributes, String.join(", ", new TreeSet<>(SESSIONS.keySet()))));
    }
    String user = orElse(value.apply("user"), account.user());
    if (user.equals("?")) {
      // Java's name for a user who is not in the password database.
      throw new IllegalArgumentException(
          "the user of this process has no name: pass the role with -U");
    }
    String database = orElse(value.apply("dbname"), user);
    if (database.contains("://") || database.contains("=")) {
      // The value is not included, because it may contain a password.
      throw new IllegalArgumentException(
          "the database must be a name, not a connection string: pass each parameter with -h, -p, "
              + "-U and -d, or use a service");
    }
    String ports = orElse(value.apply("port"), DEFAULT_PORT);
    String address = address(hosts, ports);

    var properties = new Properties();
    var environment = new HashMap<String, String>();
    environment.put("PGHOST", hosts);
    environment.put("PGPORT", ports);
    environment.put("PGUSER", user);
    environment.put("PGTARGETSESSIONATTRS", attributes);
    environment.put("PGCONNECT_TIMEOUT", String.valueOf(Math.max(2, timeoutSeconds)));
    properties.setProperty(PGProperty.USER.getName(), user);
    String password = value.apply("password");
    if (password == null || password.isEmpty()) {
      environment.put(
          "PGPASSFILE",
          orElse(value.apply("passfile"), account.home().resolve(".pgpass").toString()));
    } else {
      properties.setProperty(PGProperty.PASSWORD.getName(), password);
      environment.put("PGPASSWORD", password);
    }
    String application = orElse(value.apply("application_name"), "pghello");
    PGProperty.APPLICATION_NAME.set(properties, application);
    environment.put("PGAPPNAME", application);
    String settings = orElse(value.apply("options"), "");
    boolean isByRecovery = BY_RECOVERY.contains(attributes);
    if (isByRecovery || !settings.isEmpty()) {
      PGProperty.OPTIONS.set(properties, isByRecovery ? settings + " " + READ_WRITE : settings);
    }
    environment.put(
        "PGOPTIONS", attributes.equals("read-only") ? settings : READ_WRITE + " " + settings);
    String mode = TlsSettings.mode(value, variables);
    if (isSocket) {
      // Unix domain sockets support neither TLS nor alternative hosts.
      environment.put("PGSSLMODE", "disable");
      PGProperty.SSL_MODE.set(properties, "disable");
      PGProperty.SOCKET_FACTORY.set(properties, UnixSocketFactory.class.getName());
      PGProperty.SOCKET_FACTORY_ARG.set(properties, hosts + "/.s.PGSQL." + port(ports));
    } else {
      TlsSettings tls = TlsSettings.of(mode, value, variables, account.home());
      tls.setProperties(properties);
      environment.putAll(tls.environment());
    }
    String seconds = String.valueOf(timeoutSeconds);
    PGProperty.LOGIN_TIMEOUT.set(properties, seconds);
    PGProperty.CONNECT_TIMEOUT.set(properties, seconds);
    PGProperty.SOCKET_TIMEOUT.set(properties, seconds);
    PGProperty.TARGET_SERVER_TYPE.set(properties, sessions);
    PGProperty.TCP_KEEP_ALIVE.set(properties, true);
    return new Target(address, database, properties, environment);
  }

  /** Rejects addresses that libpq does not support, or that mean another address there. */
  private static void checkHost(String host) {
    if (host.startsWith("[")) {
      throw new IllegalArgumentException(
          "the host must not be in brackets: write an address such as ::1 without them");
    }
    if (host.contains("%")) {
      throw new IllegalArgumentException(
          "pghello does not support addresses with a zone (%): use a name or another address");
    }
    if (NUMBERS.matcher(host).matches() && host.matches("(.*\\.)?0[0-9xX].*")) {
      throw new IllegalArgumentException(
          "a number in the host begins with 0, which has more than one meaning: write the address as four decimal numbers, e.g. 127.0.0.1");
    }
  }

  /**
   * Returns the value of a parameter; null if it is not set. Like in libpq, an empty option has no
   * effect, but an empty value in a service hides the variable.
   */
  private static @Nullable String value(
      String keyword,
      Map<String, @Nullable String> options,
      Map<String, String> service,
      Function<String, @Nullable String> variables) {
    String option = options.get(keyword);
    if (option != null && !option.isEmpty()) {
      return option;
    }
    String inService = service.get(keyword);
    String variable = Parameter.of(keyword).variable();
    return inService != null || variable == null ? inService : variables.apply(variable);
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
      Failure.refuseIf(
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
      for (String host : address.split(",", -1)) {
        try {
          return new Target(host, database, properties, environment).openHost(each);
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
      String password = PasswordFile.find(Path.of(file), host(), port(), database, role());
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
    String name = host.getHost().replaceAll("^\\[|]$", "");
    var one = new HashMap<>(environment);
    one.put("PGHOST", name);
    one.put("PGPORT", String.valueOf(host.getPort()));
    return new Target(address(name, String.valueOf(host.getPort())), database, properties, one);
  }

  /** Returns a connection string that contains only the name of the database, quoted. */
  public static String conninfo(String database) {
    return "dbname='" + database.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  private static String address(String hosts, String ports) {
    String[] host = hosts.split(",", -1);
    String[] port = ports.split(",", -1);
    if (port.length != 1 && port.length != host.length) {
      throw new IllegalArgumentException(
          "there are "
              + host.length
              + " hosts, but "
              + port.length
              + " ports: pass one port, or one for each host");
    }
    var address = new StringBuilder();
    for (int i = 0; i < host.length; i++) {
      int one = port(port[port.length == 1 ? 0 : i]);
      boolean bracketed = host[i].contains(":") && !host[i].startsWith("/");
      address
          .append(i == 0 ? "" : ",")
          .append(bracketed ? "[" + host[i] + "]" : host[i])
          .append(':')
          .append(one);
    }
    return address.toString();
  }

  /** Returns the port, which libpq also accepts with blanks and zeros, and in a list as empty. */
  private static int port(String text) {
    Matcher number = PORT.matcher(text.isEmpty() ? DEFAULT_PORT : text);
    boolean isNumber = number.matches();
    int port = isNumber ? Integer.parseInt(number.group(1) + number.group(2)) : 0;
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException(
          "the port must be between 1 and 65535" + (isNumber ? ", but is " + port : ""));
    }
    return port;
  }

  private static String orElse(@Nullable String value, String otherwise) {
    return value == null || value.isEmpty() ? otherwise : value;
  }
}
