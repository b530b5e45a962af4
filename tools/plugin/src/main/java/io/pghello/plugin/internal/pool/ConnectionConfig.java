// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.pghello.plugin.Permissions;
import java.lang.System.Logger.Level;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * A configuration parsed by {@link ConfigReader}. An open connection accepts only configurations
 * that are equal to its own.
 */
public record ConnectionConfig(
    String host,
    int port,
    String database,
    String user,
    @Nullable String password,
    Tls tls,
    @Nullable String requireAuth,
    int max,
    int min,
    long idleTimeoutMillis,
    long connectionTimeoutMillis,
    long maxLifetimeMillis,
    boolean preparedStatements,
    @JsonProperty("queryTimeout") long queryTimeoutMillis,
    boolean autoReconnect,
    @JsonProperty("reconnectInterval") long reconnectIntervalMillis,
    int maxReconnectAttempts,
    @JsonProperty("level") String levelName,
    boolean logQueries,
    @JsonProperty("slowQueryThreshold") long slowQueryThresholdMillis,
    boolean logConnections) {

  /** Returns the minimum level of log messages. */
  public Level level() {
    return levelName.equals("warn")
        ? Level.WARNING
        : Level.valueOf(levelName.toUpperCase(Locale.ROOT));
  }

  /** Returns whether the connection is encrypted. */
  public boolean encrypted() {
    return tls.on();
  }

  /** Returns the maximum timeout that a call can request. */
  public long maxTimeoutMillis(Permissions permissions) {
    return permissions.maxTimeout() == null
        ? queryTimeoutMillis
        : permissions.maxTimeout().toMillis();
  }

  /** Returns the JDBC URL, without user and password. */
  String url() {
    String address = host.contains(":") ? "[" + host + "]" : host;
    String name = URLEncoder.encode(database, StandardCharsets.UTF_8);
    return "jdbc:postgresql://" + address + ":" + port + "/" + name;
  }

  /**
   * Returns the driver's properties.
   *
   * @param maxBytes the maximum size of one result
   */
  Properties properties(int maxBytes) {
    var properties = new Properties();
    properties.setProperty("user", user);
    // Without this, the driver would use the password file of the operating system user.
    properties.setProperty("password", Objects.requireNonNullElse(password, ""));
    properties.setProperty("gssEncMode", "disable");
    properties.setProperty("requireAuth", methods());
    properties.setProperty("ApplicationName", "pg-hello-plugin");
    // The driver then sends its settings at login, so that RESET restores them.
    properties.setProperty("assumeMinServerVersion", "12");
    String seconds = String.valueOf((connectionTimeoutMillis + 999) / 1000);
    properties.setProperty("loginTimeout", seconds);
    // This timeout applies to queries outside operations. Each operation sets its own timeout.
    properties.setProperty("socketTimeout", seconds);
    properties.setProperty("cancelSignalTimeout", "2");
    properties.setProperty("tcpKeepAlive", "true");
    // Otherwise, the text format of numbers would depend on how often a statement has run.
    properties.setProperty("binaryTransfer", "false");
    // Formatting a time as text would take a fifth of the time that the server needs for a row.
    properties.setProperty("binaryTransferEnable", "TIMESTAMP,TIMESTAMPTZ");
    properties.setProperty("binaryTransferDisable", "POINT,BOX");
    properties.setProperty("maxResultBuffer", String.valueOf(maxBytes));
    // In this mode, the server processes several statements in one message faster.
    properties.setProperty("preferQueryMode", "extendedForPrepared");
    properties.setProperty("prepareThreshold", preparedStatements ? "5" : "0");
    properties.setProperty("sslmode", tls.mode());
    if (tls.on()) {
      properties.setProperty("sslfactory", PemSocketFactory.class.getName());
      set(properties, PemSocketFactory.CA, tls.ca());
      set(properties, PemSocketFactory.CERT, tls.cert());
      set(properties, PemSocketFactory.KEY, tls.key());
    }
    return properties;
  }

  /** Returns the allowed authentication methods, in the driver's format. */
  private String methods() {
    String given = Objects.requireNonNullElse(requireAuth, "!gss");
    // The driver rejects duplicate methods.
    var methods = new LinkedHashSet<String>();
    if (given.startsWith("!")) {
      // Without TLS, do not allow plain-text passwords: any local user can take over the port of a
      // stopped server.
      methods.addAll(tls.on() ? List.of("!gss", "!sspi") : List.of("!gss", "!sspi", "!password"));
    }
    methods.addAll(List.of(given.split(",", -1)));
    return String.join(",", methods);
  }

  private static void set(Properties properties, String name, @Nullable String value) {
    if (value != null) {
      properties.setProperty(name, value);
    }
  }

  /** Returns only the address, because other options may be secret. */
  @Override
  public String toString() {
    return host + ":" + port;
  }
}
