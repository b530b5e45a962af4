// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/**
 * Finds the server, database and role to connect to. Like libpq, this class takes each parameter
 * from the first source that defines it: option, service, environment variable, default. It takes
 * the password from the service, {@code PGPASSWORD} or the password file, but never from the
 * command line.
 */
public final class TargetResolver {
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

  private TargetResolver() {}

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
    String hosts = orDefault(value.apply("host"), "localhost");
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
        parameter.reject(value.apply(parameter.keyword()));
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
    String user = orDefault(value.apply("user"), account.user());
    if (user.equals("?")) {
      // Java's name for a user who is not in the password database.
      throw new IllegalArgumentException(
          "the user of this process has no name: pass the role with -U");
    }
    String database = orDefault(value.apply("dbname"), user);
    if (database.contains("://") || database.contains("=")) {
      // The value is not included, because it may contain a password.
      throw new IllegalArgumentException(
          "the database must be a name, not a connection string: pass each parameter with -h, -p, "
              + "-U and -d, or use a service");
    }
    String ports = orDefault(value.apply("port"), DEFAULT_PORT);
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
          orDefault(value.apply("passfile"), account.home().resolve(".pgpass").toString()));
    } else {
      properties.setProperty(PGProperty.PASSWORD.getName(), password);
      environment.put("PGPASSWORD", password);
    }
    // The programs must not use a Kerberos ticket either. The other accepted values are defaults.
    environment.put("PGGSSENCMODE", "disable");
    if ("disable".equals(value.apply("channel_binding"))) {
      PGProperty.CHANNEL_BINDING.set(properties, "disable");
      environment.put("PGCHANNELBINDING", "disable");
    }
    String application = orDefault(value.apply("application_name"), "pghello");
    PGProperty.APPLICATION_NAME.set(properties, application);
    environment.put("PGAPPNAME", application);
    String settings = orDefault(value.apply("options"), "");
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
      address.append(i == 0 ? "" : ",").append(Target.address(host[i], one));
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

  private static String orDefault(@Nullable String value, String otherwise) {
    return value == null || value.isEmpty() ? otherwise : value;
  }
}
