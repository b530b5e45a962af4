// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.database.ServerAddress;
import io.pghello.extension.testkit.internal.database.ServerDatabase;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.distribution.PostgresDistribution;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.files.ExtensionBundle;
import java.lang.System.Logger.Level;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The server that tests run on: one started by this JVM, a container, or an existing server given
 * by its URL. On an existing server, everything that the testkit created is dropped at the end.
 *
 * <p>Thread-safe.
 */
public final class TestServerHandle implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.pghello.extension.testkit");
  private static final String KEEP_PROPERTY = "pg-extension.keep-failed";
  private static final String KEEP_VARIABLE = "PG_EXTENSION_KEEP_FAILED";
  private static final String DEFAULT_IMAGE = "postgres:17";

  private static final int DEFAULT_PORT = 5432;
  private static final int MAX_PORT = 65535;
  private static final Set<String> PARAMETERS =
      Set.of("user", "password", ServerAddress.REQUIRE_AUTH);
  private static final Pattern URL =
      Pattern.compile(
          "jdbc:postgresql:"
              + "(?://(?<host>[^/?#@:,\\[\\]%]+|\\[[0-9a-fA-F:.]+])?(?::(?<port>\\d{1,5}))?/)?"
              + "(?<database>[^/?#@]*)\\?(?<login>.*)");

  // these servers are stopped when the JVM exits
  private static final Map<Object, TestServerHandle> SHARED = new ConcurrentHashMap<>();

  /** A function that keeps a database, so that the testkit does not drop it after the tests. */
  @FunctionalInterface
  private interface Keeping {
    /**
     * Keeps the database. Returns the end of the log message. The beginning of the message names
     * the database and the test.
     */
    String of(String database);
  }

  private final String kind;
  private final DatabaseFactory databases;
  private final @Nullable SharedServer own;
  private final Keeping keeping;
  private final Runnable end;
  private final AtomicBoolean ended = new AtomicBoolean();

  private TestServerHandle(
      String kind,
      DatabaseFactory databases,
      @Nullable SharedServer own,
      Keeping keeping,
      Runnable end) {
    this.kind = kind;
    this.databases = databases;
    this.own = own;
    this.keeping = keeping;
    this.end = end;
  }

  /**
   * Starts the server that a location selects, or connects to the server if the location is a URL.
   * Then prepares the server for tests.
   *
   * @param request the template of a server that this JVM starts; null for a server without one
   * @throws IllegalArgumentException if a URL lacks required parts or has unsupported parts
   * @throws IllegalStateException if the server does not exist or cannot be used; the message
   *     contains the cause and a remedy
   * @throws java.io.UncheckedIOException if the server does not start
   */
  public static TestServerHandle open(
      ServerLocation place, ServerRequirements needs, @Nullable TemplateRequest request) {
    TestServerHandle server = start(place, needs, request);
    if (place.isUrl()) {
      // without this hook, nothing would be cleaned up if the JVM was terminated during the tests
      Runtime.getRuntime().addShutdownHook(new Thread(server::close, "pg-hello-server-cleaner"));
    }
    return server;
  }

  private static TestServerHandle start(
      ServerLocation place, ServerRequirements needs, @Nullable TemplateRequest request) {
    if (place.isOurs()) {
      SharedServer server =
          SharedServer.start(
              0, needs.settings(), needs.names(), needs.extensions(), place.value(), request);
      return ofOurs(server, server::close);
    }
    if (place.isUrl()) {
      return ofUrl(place, needs);
    }
    try {
      return ofContainer(place.value(), needs);
    } catch (NoClassDefFoundError e) {
      throw new IllegalStateException(
          "a container needs Testcontainers: add org.testcontainers:testcontainers-postgresql to"
              + " the class path of the tests",
          e);
    }
  }

  /** Returns a handle for a server that this JVM has started. */
  private static TestServerHandle ofOurs(SharedServer server, Runnable end) {
    return new TestServerHandle(
        "a server started by this JVM", server.databases(), server, server::keep, end);
  }

  /**
   * Creates a database. If the location is a URL, closing the database removes everything that this
   * method created on the server. Otherwise, callers with equal keys share a server, which stops
   * when the JVM exits.
   *
   * @param key a key that identifies the shared server; callers with equal keys must have
   *     compatible needs
   * @param preparer the preparer that fills the database's template; null for a database with the
   *     extensions only. With a key, it has a separate server.
   */
  public static TestDatabase createDatabase(
      ServerLocation place,
      Object key,
      Supplier<ServerRequirements> needs,
      @Nullable DatabasePreparer preparer) {
    if (!place.isUrl()) {
      TemplateRequest request =
          preparer == null || !place.isOurs() ? null : TemplateRequest.of(preparer);
      return SHARED
          .computeIfAbsent(
              List.of(place, key, request == null ? "" : request.key()),
              unused -> start(place, needs.get(), request))
          .createDatabase(preparer, () -> {});
    }
    TestServerHandle own = start(place, needs.get(), null);
    try {
      return own.createDatabase(preparer, own::close);
    } catch (IllegalStateException e) {
      own.close();
      throw e;
    }
  }

  private TestDatabase createDatabase(@Nullable DatabasePreparer preparer, Runnable atTheEnd) {
    String name = SharedServer.createDatabase(databases, true, preparer).name();
    return new ServerDatabase(databases, name) {
      @Override
      public void close() {
        try {
          super.close();
        } finally {
          atTheEnd.run();
        }
      }
    };
  }

  private static TestServerHandle ofContainer(String place, ServerRequirements needs) {
    int colon = place.indexOf(':');
    String image = colon < 0 ? DEFAULT_IMAGE : place.substring(colon + 1);
    TestContainer container = TestContainer.start(image, needs);
    return new TestServerHandle(
        "container " + image,
        container.databases(),
        null,
        database -> " is not kept, because its container stops when the tests end.",
        // a method reference would name the class of Testcontainers, which may be missing
        () -> container.stop());
  }

  private static TestServerHandle ofUrl(ServerLocation place, ServerRequirements needs) {
    // the URL is not parsed by the driver, because the driver logs invalid URLs including the
    // password
    Matcher url = URL.matcher(place.value());
    Map<String, String> login = url.matches() ? parameters(url.group("login")) : Map.of();
    String user = login.get("user");
    int port = user == null ? 0 : number(url.group("port"));
    String auth = login.get(ServerAddress.REQUIRE_AUTH);
    if (user == null
        || port > MAX_PORT
        || (auth != null && !auth.equals(ServerAddress.NOT_IN_CLEAR_TEXT))
        || !PARAMETERS.containsAll(login.keySet())) {
      throw new IllegalArgumentException(
          "the JDBC URL in "
              + ServerLocation.PROPERTY
              + " must contain the login of a superuser, one server and no other parameters:"
              + " jdbc:postgresql://HOST:PORT/postgres?user=USER&password=PASSWORD");
    }
    String name = decode(Objects.requireNonNullElse(url.group("database"), ""));
    String database = name.isEmpty() ? "postgres" : name;
    var superuser = new Login(user, login.get("password"));
    DatabaseFactory databases =
        DatabaseFactory.foreign(
            Objects.requireNonNullElse(url.group("host"), "localhost"),
            port,
            database,
            superuser,
            needs.names(),
            auth == null);
    try (Connection connection = databases.dataSource(database, superuser).getConnection()) {
      requireUsable(connection, needs);
      prepare(databases);
    } catch (SQLException e) {
      throw failure(user, e);
    }
    return new TestServerHandle(
        "an existing server",
        databases,
        null,
        databases::keptOnForeignServer,
        () -> dismantle(databases));
  }

  /** Returns the parameters of a URL by name, or an empty map if a parameter cannot be decoded. */
  private static Map<String, String> parameters(String query) {
    var parameters = new HashMap<String, String>();
    for (String each : query.split("&", -1)) {
      int equals = Math.max(0, each.indexOf('='));
      try {
        parameters.put(decode(each.substring(0, equals)), decode(each.substring(equals + 1)));
      } catch (IllegalArgumentException e) {
        // the exception is not used, because its message contains a part of the password
        return Map.of();
      }
    }
    return parameters;
  }

  private static int number(@Nullable String port) {
    return port == null ? DEFAULT_PORT : Integer.parseInt(port);
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  /** Prepares the server. If that fails, drops everything that was created on it. */
  private static void prepare(DatabaseFactory databases) throws SQLException {
    try {
      databases.prepare();
    } catch (SQLException e) {
      try {
        databases.dismantle();
      } catch (SQLException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private static void requireUsable(Connection connection, ServerRequirements needs)
      throws SQLException {
    String server = "the server that " + ServerLocation.PROPERTY + " names";
    int major = connection.getMetaData().getDatabaseMajorVersion();
    if (major < PostgresDistribution.OLDEST) {
      throw new IllegalStateException(
          server
              + " is PostgreSQL "
              + major
              + ", but the testkit needs "
              + PostgresDistribution.OLDEST
              + " or later");
    }
    Map<String, String> settings = ExtensionBundle.settings(needs.extensions(), needs.settings());
    try (PreparedStatement query =
        connection.prepareStatement("SELECT pg_catalog.current_setting(?, true)")) {
      for (Map.Entry<String, String> each : settings.entrySet()) {
        query.setString(1, each.getKey());
        try (ResultSet row = query.executeQuery()) {
          String value = row.next() ? row.getString(1) : null;
          if (!isEnough(each.getKey(), each.getValue(), value == null ? "" : value)) {
            throw new IllegalStateException(
                "the tests need "
                    + each.getKey()
                    + " = "
                    + each.getValue()
                    + ", but "
                    + server
                    + " has "
                    + (value == null || value.isEmpty() ? "\"\"" : value)
                    + ": set it in the server's postgresql.conf");
          }
        }
      }
    }
  }

  private static boolean isEnough(String setting, String wanted, String value) {
    return setting.equals(ExtensionBundle.PRELOAD)
        ? List.of(value.split("[\", ]+")).containsAll(List.of(wanted.split(",")))
        : SettingValue.canonical(setting, value).equals(SettingValue.canonical(setting, wanted));
  }

  private static IllegalStateException failure(String user, SQLException e) {
    String state = String.valueOf(e.getSQLState());
    String remedy =
        switch (state) {
          // insufficient_privilege
          case "42501" ->
              ". The tests create roles and databases, and some need a superuser: replace "
                  + user
                  + " with a superuser in the URL that "
                  + ServerLocation.PROPERTY
                  + " (or "
                  + ServerLocation.VARIABLE
                  + ") contains.";
          case "08001", "08006" -> " Is it running at the host and port of the URL?";
          // the server or the driver rejects the login
          case "28000", "28P01", "08004" -> ": is its login correct?";
          default -> "";
        };
    return new IllegalStateException(
        "the server set in "
            + ServerLocation.PROPERTY
            + " cannot be prepared: "
            + e.getMessage()
            + remedy,
        e);
  }

  private static void dismantle(DatabaseFactory databases) {
    try {
      databases.dismantle();
    } catch (SQLException e) {
      throw new IllegalStateException("could not drop the objects that the tests created", e);
    }
  }

  /** Returns the major version of the server, e.g. 17. */
  public int major() {
    try {
      return own != null ? own.embedded().major() : databases.major();
    } catch (SQLException e) {
      throw new IllegalStateException("could not read the server's version: " + e.getMessage(), e);
    }
  }

  /** Returns a description of the server for messages. */
  public String kind() {
    return kind;
  }

  /** Returns the databases. */
  public DatabaseFactory databases() {
    return databases;
  }

  /** Returns the server that this JVM has started, or null if there is none. */
  public @Nullable SharedServer own() {
    return own;
  }

  /**
   * Returns whether the databases of failed tests are kept, according to the system property {@code
   * pg-extension.keep-failed} or the environment variable {@code PG_EXTENSION_KEEP_FAILED}.
   *
   * @throws IllegalArgumentException if the value is neither true nor false
   */
  public static boolean keepsFailed() {
    String set = System.getProperty(KEEP_PROPERTY);
    String value = set != null ? set : System.getenv(KEEP_VARIABLE);
    if (value != null && !value.isBlank() && !value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException(
          KEEP_PROPERTY + " (or " + KEEP_VARIABLE + ") is \"" + value + "\"; use true or false");
    }
    return "true".equals(value);
  }

  /**
   * Keeps the database of a failed test after this JVM exits, and logs the commands to connect to
   * it.
   */
  public void keep(String database, String test) {
    if (databases.keep(database)) {
      LOGGER.log(
          Level.WARNING,
          "The database " + database + " of the failed test " + test + keeping.of(database));
    }
  }

  /**
   * Stops the server if it was started by this JVM, possibly in a container. On an existing server,
   * drops everything that the testkit created.
   */
  @Override
  public void close() {
    if (!ended.getAndSet(true)) {
      end.run();
    }
  }
}
