// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.database.Remedies;
import io.pghello.extension.testkit.internal.database.ServerDatabase;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.distribution.Distributions;
import io.pghello.extension.testkit.internal.distribution.PostgresDistribution;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An embedded server and its databases. Thread-safe. */
public final class SharedServer implements AutoCloseable {
  private final EmbeddedServer server;
  private final DatabaseFactory databases;

  private SharedServer(EmbeddedServer server, DatabaseNames names) {
    this.server = server;
    this.databases = DatabaseFactory.embedded(server.port(), server.password(), names);
  }

  /**
   * Returns the major version of the server at a location, e.g. 17.
   *
   * @throws IllegalStateException if there is no server
   * @throws UncheckedIOException if the server's version cannot be read
   */
  public static int major(String place) {
    try {
      return Distributions.at(place).major();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a server with a preparer's template. The template is copied from the cache if possible.
   * Otherwise, the preparer runs, and its template is stored in the cache if that is worth it.
   *
   * @param port the port to listen on; 0 for a free port
   * @param settings the settings for {@code postgresql.conf}
   * @param names the names of the role, the databases and the template's extensions
   * @param extensions the extensions to add to the server
   * @param place the location, e.g. {@code embedded} or {@code local:17}
   * @param request the template; null for a server without one
   * @throws IllegalStateException if an extension cannot be used, or the preparer fails
   * @throws UncheckedIOException if the server does not start
   */
  public static SharedServer start(
      int port,
      Map<String, String> settings,
      DatabaseNames names,
      List<ServerExtension> extensions,
      String place,
      @Nullable TemplateRequest request) {
    try {
      EmbeddedServer embedded =
          ServerSetup.start(port, settings, names, extensions, place, request);
      var server = new SharedServer(embedded, names);
      if (request != null) {
        server.prepare(request);
      }
      return server;
    } catch (IllegalStateException e) {
      throw new IllegalStateException(e.getMessage() + versions(e, extensions, place), e);
    } catch (IOException e) {
      // the messages of subclasses such as NoSuchFileException contain only a file name
      throw new UncheckedIOException(
          (e.getClass() == IOException.class ? e.getMessage() : e.toString())
              + versions(e, extensions, place),
          e);
    }
  }

  /**
   * Starts a server and prepares a template, from the cache if possible.
   *
   * @param preparer the preparer that fills a template with the extensions; null for none
   * @throws IllegalStateException if an extension cannot be used, or the preparer fails
   * @throws UncheckedIOException if the server does not start
   */
  public static SharedServer startPrepared(
      int port,
      Map<String, String> settings,
      DatabaseNames names,
      List<ServerExtension> extensions,
      String place,
      @Nullable DatabasePreparer preparer) {
    TemplateRequest request = preparer == null ? null : TemplateRequest.of(preparer);
    SharedServer server = start(port, settings, names, extensions, place, request);
    if (preparer != null && request == null) {
      try {
        prepareTemplate(server.databases, preparer);
      } catch (IllegalStateException e) {
        server.close();
        throw e;
      }
    }
    return server;
  }

  private void prepare(TemplateRequest request) throws IOException {
    boolean prepared = false;
    try {
      if (!server.isRestored()) {
        long begin = System.nanoTime();
        databases.templates().prepare(request);
        if (System.nanoTime() - begin >= CachedTemplate.MIN_NANOS
            && server.canStoreTemplate()
            && request.isCurrent()) {
          server.storeTemplate();
        }
      }
      databases.templates().setCached(request);
      server.releaseTemplate();
      prepared = true;
    } catch (SQLException e) {
      throw failure("could not create a template", e);
    } finally {
      if (!prepared) {
        close();
      }
    }
  }

  /**
   * If a library was built with headers of another PostgreSQL version and this difference explains
   * the error, returns a sentence with both versions. Otherwise, returns an empty string.
   */
  private static String versions(Exception error, List<ServerExtension> extensions, String place) {
    String message = String.valueOf(error.getMessage());
    if (Remedies.ofVersions(message, "", null).isEmpty()) {
      return "";
    }
    try {
      PostgresDistribution stock = Distributions.at(place);
      String server =
          stock.programs(ServerSetup.unpacked(InstallationCache.open(), stock)).version();
      return extensions.stream()
          .filter(extension -> message.contains(extension.name()))
          .findFirst()
          .map(
              extension ->
                  Remedies.ofVersions(
                      message, server, extension.source().headersVersion(stock.major())))
          .orElse("");
    } catch (IOException e) {
      error.addSuppressed(e);
      return "";
    }
  }

  /** Returns the server. */
  public EmbeddedServer embedded() {
    return server;
  }

  /** Returns the databases. */
  public DatabaseFactory databases() {
    return databases;
  }

  /**
   * Creates a database with the given name.
   *
   * @throws IllegalStateException if the database cannot be created
   */
  public TestDatabase createDatabase(String name, boolean withExtensions) {
    try {
      databases.create(name, withExtensions);
      return new ServerDatabase(databases, name);
    } catch (SQLException e) {
      throw failure("could not create the database " + name, e);
    }
  }

  /**
   * Creates a database with a generated name.
   *
   * @param preparer the preparer; null for a database without additional contents
   * @throws IllegalStateException if the database cannot be created or the preparer fails
   */
  public TestDatabase createDatabase(boolean withExtensions, @Nullable DatabasePreparer preparer) {
    return createDatabase(databases, withExtensions, preparer);
  }

  /**
   * Creates a database on the server of the given databases, by copying a template that a preparer
   * has filled.
   *
   * @param preparer the preparer; null for a database without additional contents
   * @throws IllegalStateException if the database cannot be created or the preparer fails
   */
  public static ServerDatabase createDatabase(
      DatabaseFactory databases, boolean withExtensions, @Nullable DatabasePreparer preparer) {
    try {
      return new ServerDatabase(databases, databases.create(withExtensions, preparer));
    } catch (SQLException e) {
      throw failure("could not create a database", e);
    }
  }

  /**
   * Creates the template of a preparer if the template does not exist.
   *
   * @throws IllegalStateException if the template cannot be created or the preparer fails
   */
  public static void prepareTemplate(DatabaseFactory databases, DatabasePreparer preparer) {
    try {
      var unused = databases.templates().get(preparer);
    } catch (SQLException e) {
      throw failure("could not create a template", e);
    }
  }

  private static IllegalStateException failure(String what, SQLException e) {
    String said = Remedies.message(e);
    String remedy = Remedies.of(said);
    return new IllegalStateException(
        remedy.isEmpty() ? what + ": " + said : what + "." + remedy, e);
  }

  /**
   * Starts the server again, on the same port. Does nothing if the server is running.
   *
   * @throws IllegalStateException if the server is closed
   * @throws UncheckedIOException if the server does not start
   */
  public void startAgain() {
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e.toString(), e);
    }
    databases.dropLeft();
  }

  /**
   * Keeps the server running after this JVM exits, so that a database can be inspected.
   *
   * @return the second part of a log message, with the commands for connecting to the database; the
   *     beginning of the message names the database
   */
  public String keep(String database) {
    String user = databases.owner().user();
    try {
      KeptServer kept = server.keep();
      String passwords = Platform.quoted(kept.passwords().toString(), Platform.POSIX);
      return " is kept, and its server keeps running:"
          + "\n  psql: PGPASSFILE="
          + passwords
          + " psql -h "
          + databases.host()
          + " -p "
          + databases.port()
          + " -U "
          + user
          + " "
          + database
          + "\n  JDBC: "
          + databases.url(database, new Login(user, null))
          + ", run Java with -Dorg.postgresql.pgpassfile="
          + passwords
          + "\n  Tests that start at least a day later remove the server. To stop it now: "
          + kept.end();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    databases.close();
    server.close();
  }
}
