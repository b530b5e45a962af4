// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Texts;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a configuration in JSON, flat or nested. Each option works, or is refused by its name. */
public final class ConfigReader {
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}");
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1");
  private static final int TEXT_MAX = 1_000;
  private static final int PEM_MAX = 1_000_000;
  private static final Pattern AUTH =
      Pattern.compile(
          "(!?)(password|md5|scram-sha-256|none)(,\\1(password|md5|scram-sha-256|none))*");
  private static final Pattern LEVEL = Pattern.compile("error|warn|info|debug");

  private static final Map<String, List<String>> GROUPS = new LinkedHashMap<>();

  static {
    GROUPS.put(
        "connection",
        List.of("host", "port", "database", "user", "password", "ssl", "requireAuth"));
    GROUPS.put(
        "pool",
        List.of(
            "max",
            "min",
            "idleTimeoutMillis",
            "connectionTimeoutMillis",
            "maxLifetimeMillis",
            "allowExitOnIdle",
            "maxUses"));
    GROUPS.put(
        "options",
        List.of(
            "preparedStatements",
            "queryTimeout",
            "autoReconnect",
            "reconnectInterval",
            "maxReconnectAttempts"));
    GROUPS.put(
        "logging",
        List.of("level", "logQueries", "logParameters", "slowQueryThreshold", "logConnections"));
  }

  private final Map<String, JsonNode> given = new LinkedHashMap<>();

  private ConfigReader(JsonNode json) {
    if (!json.isObject()) {
      throw bad("The configuration is no object of JSON.", "Give it host, database and user.");
    }
    json.properties()
        .forEach(
            member -> {
              List<String> names = GROUPS.get(member.getKey());
              if (names == null) {
                put("", member.getKey(), member.getValue());
              } else if (member.getValue().isObject()) {
                member
                    .getValue()
                    .properties()
                    .forEach(option -> put(member.getKey(), option.getKey(), option.getValue()));
              } else {
                throw bad("The option " + member.getKey() + " is no object.", "See its options.");
              }
            });
  }

  /**
   * Returns the configuration.
   *
   * @throws PostgresException if an option is unknown, wrong, or has a replacement
   */
  public static ConnectionConfig read(JsonNode json) {
    return new ConfigReader(json).read();
  }

  /** Returns the names of all options, as in {@code pool.max}. */
  public static List<String> options() {
    return GROUPS.entrySet().stream()
        .flatMap(group -> group.getValue().stream().map(name -> group.getKey() + "." + name))
        .toList();
  }

  private static List<String> options(String group) {
    return GROUPS.getOrDefault(group, List.of());
  }

  private void put(String group, String name, JsonNode value) {
    boolean known =
        group.isEmpty()
            ? options("connection").contains(name) || options("pool").contains(name)
            : options(group).contains(name);
    if (!known) {
      throw bad(
          "The option "
              + Texts.oneLine(group.isEmpty() ? name : group + "." + name)
              + " is unknown.",
          "There are " + String.join(", ", new TreeSet<>(options())) + ".");
    }
    if (given.put(name, value) != null) {
      throw bad("The option " + name + " is given twice.", "Give it once, flat or nested.");
    }
  }

  private ConnectionConfig read() {
    refuseReplaced();
    String host = text("host", "localhost");
    if (!HOST.matcher(host).matches()) {
      throw bad("host is no name or address of a host.", "Give one host; port has its own option.");
    }
    int max = (int) number("max", 10, 1, 1_000);
    int min = (int) number("min", 0, 0, 1_000);
    if (min > max) {
      throw bad("min is greater than max.", "Lower pool.min, or raise pool.max.");
    }
    long idle = number("idleTimeoutMillis", 30_000, 0, 86_400_000);
    if (idle > 0 && idle < 10_000) {
      throw bad(
          "idleTimeoutMillis is less than 10000.",
          "Give 10000 or more, or 0 to keep idle connections.");
    }
    String user = text("user", null);
    boolean plain = LOOPBACK.contains(host);
    return new ConnectionConfig(
        host,
        (int) number("port", 5432, 1, 65_535),
        text("database", user),
        user,
        given.containsKey("password") ? text("password", null) : null,
        tls(given.getOrDefault("ssl", BooleanNode.valueOf(!plain))),
        requireAuth(),
        max,
        min,
        idle,
        number("connectionTimeoutMillis", 5_000, 250, 600_000),
        number("maxLifetimeMillis", 1_800_000, 30_000, 86_400_000),
        bool("preparedStatements", true),
        number("queryTimeout", 30_000, 1, 3_600_000),
        bool("autoReconnect", true),
        number("reconnectInterval", 1_000, 1, 60_000),
        (int) number("maxReconnectAttempts", 0, 0, 100),
        level(),
        bool("logQueries", false),
        number("slowQueryThreshold", 1_000, 0, 3_600_000),
        bool("logConnections", false));
  }

  private void refuseReplaced() {
    if (given.containsKey("maxUses")) {
      throw bad(
          "The option pool.maxUses has no counterpart: the pool does not count uses.",
          "Use pool.maxLifetimeMillis.");
    }
    if (!bool("allowExitOnIdle", true)) {
      throw bad(
          "The option pool.allowExitOnIdle cannot be false: a pool keeps no program alive.",
          "Leave it out, and keep a thread of your own.");
    }
    if (bool("logParameters", false)) {
      throw bad(
          "The option logging.logParameters cannot be true: parameters are data, and logs are not"
              + " the place for it.",
          "Leave it out; logging.logQueries logs statements without their parameters.");
    }
  }

  private Tls tls(JsonNode ssl) {
    if (ssl.isBoolean()) {
      return ssl.booleanValue() ? checked(new Tls("verify-full", null, null, null)) : Tls.NONE;
    }
    if (!ssl.isObject()) {
      throw bad("ssl is neither true or false, nor an object.", "See its options.");
    }
    ssl.properties()
        .forEach(
            member -> {
              if (!Set.of("rejectUnauthorized", "ca", "cert", "key", "verify")
                  .contains(member.getKey())) {
                throw bad(
                    "The option ssl." + Texts.oneLine(member.getKey()) + " is unknown.",
                    "There are rejectUnauthorized, ca, cert, key and verify.");
              }
            });
    if (!ssl.path("rejectUnauthorized").asBoolean(true)) {
      throw bad(
          "The option ssl.rejectUnauthorized cannot be false: anybody's certificate would pass.",
          "Give the server's certificate, or that of its authority, as ssl.ca.");
    }
    String verify = ssl.path("verify").asText("full");
    if (!verify.equals("full") && !verify.equals("ca")) {
      throw bad("ssl.verify is neither full nor ca.", "Use full, which checks the name, too.");
    }
    return checked(new Tls("verify-" + verify, pem(ssl, "ca"), pem(ssl, "cert"), pem(ssl, "key")));
  }

  private @Nullable String requireAuth() {
    String methods = given.containsKey("requireAuth") ? text("requireAuth", null) : null;
    if (methods != null && !AUTH.matcher(methods).matches()) {
      throw bad(
          "requireAuth is no list of password, md5, scram-sha-256 and none.",
          "Name those that the server may ask by, with commas between; or with ! before each, those"
              + " that it may not.");
    }
    return methods;
  }

  /** Builds it once, as the driver would hide what is wrong. */
  private static Tls checked(Tls tls) {
    Pem.context(tls.ca(), tls.cert(), tls.key());
    return tls;
  }

  private static @Nullable String pem(JsonNode ssl, String name) {
    JsonNode value = ssl.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (!value.isTextual() || value.textValue().length() > PEM_MAX) {
      throw bad("ssl." + name + " is no text in PEM.", "Give the text of the file.");
    }
    return value.textValue();
  }

  private String text(String name, @Nullable String otherwise) {
    JsonNode value = given.get(name);
    if (value == null && otherwise != null) {
      return otherwise;
    }
    if (value == null || !value.isTextual() || value.textValue().isEmpty()) {
      throw bad("The option " + name + " is missing, or no text.", "Give it a text.");
    }
    if (value.textValue().length() > TEXT_MAX) {
      throw bad("The option " + name + " is longer than " + TEXT_MAX + ".", "Shorten it.");
    }
    return Texts.check(value.textValue(), Code.BAD_CONFIG, "The option " + name);
  }

  private long number(String name, long otherwise, long least, long most) {
    JsonNode value = given.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw bad("The option " + name + " is no whole number.", "Give it a whole number.");
    }
    if (value.longValue() < least || value.longValue() > most) {
      throw bad(
          "The option " + name + " is not between " + least + " and " + most + ".", "Change it.");
    }
    return value.longValue();
  }

  private boolean bool(String name, boolean otherwise) {
    JsonNode value = given.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw bad("The option " + name + " is neither true nor false.", "Give it one of them.");
    }
    return value.booleanValue();
  }

  private Level level() {
    String level = given.containsKey("level") ? text("level", null) : "info";
    if (!LEVEL.matcher(level).matches()) {
      throw bad("The option level is unknown.", "There are error, warn, info and debug.");
    }
    return level.equals("warn") ? Level.WARNING : Level.valueOf(level.toUpperCase(Locale.ROOT));
  }

  private static PostgresException bad(String message, String remedy) {
    return Failures.withRemedy(Code.BAD_CONFIG, message, remedy);
  }
}
