// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An embedded server and its databases. Thread-safe. */
public final class DatabaseServer implements AutoCloseable {
  /** The place of a server whose programs are on the class path. */
  public static final String EMBEDDED = "embedded";

  /** The place of a server whose programs are installed. */
  public static final String LOCAL = "local";

  /** The system property that names the place of servers. */
  public static final String PROPERTY = "pg-extension.server";

  private static final String VARIABLE = "PG_EXTENSION_SERVER";

  private final EmbeddedServer server;
  private final Databases databases;

  private DatabaseServer(EmbeddedServer server, DatabaseNames names) {
    this.server = server;
    this.databases = Databases.embedded(server.port(), server.password(), names);
  }

  /**
   * Returns the place that a system property, or else a variable of the environment, names; {@link
   * #EMBEDDED} if neither does.
   */
  public static String place(String property, String variable) {
    String set = System.getProperty(property);
    String place = set != null ? set : System.getenv(variable);
    return place == null || place.isBlank() ? EMBEDDED : place;
  }

  /**
   * Returns the place of servers with any extensions.
   *
   * @param asked null or blank for what {@link #PROPERTY}, or else the environment names
   * @throws IllegalArgumentException if it is none
   */
  public static String place(@Nullable String asked) {
    String place = asked == null || asked.isBlank() ? place(PROPERTY, VARIABLE) : asked;
    if (!place.equals(EMBEDDED) && !isLocal(place)) {
      throw new IllegalArgumentException(
          PROPERTY
              + " (or "
              + VARIABLE
              + ") is \""
              + place
              + "\"; use embedded, local, local:MAJOR or local:PATH of a pg_config");
    }
    return place;
  }

  /**
   * Returns whether a place is an installed server: {@link #LOCAL}, perhaps with a colon and a
   * major, or the path of a {@code pg_config} or of the folder in which that is.
   */
  public static boolean isLocal(String place) {
    return place.equals(LOCAL) || place.startsWith(LOCAL + ":");
  }

  /**
   * Returns the major version of the server at a place, as in 17.
   *
   * @throws IllegalStateException if there is none
   * @throws UncheckedIOException if it cannot be read
   */
  public static int major(String place) {
    try {
      return ServerStock.of(place).major();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a server.
   *
   * @param port where it listens; 0 for a free one
   * @param settings of {@code postgresql.conf}
   * @param names of its databases
   * @param extensions whose files and settings it has
   * @param place {@link #EMBEDDED}, or one that {@link #isLocal}
   * @throws IllegalStateException if an extension cannot be used
   * @throws UncheckedIOException if it does not start
   */
  public static DatabaseServer start(
      int port,
      Map<String, String> settings,
      DatabaseNames names,
      List<ServerExtension> extensions,
      String place) {
    try {
      return new DatabaseServer(
          EmbeddedServer.start(port, settings, names, extensions, place), names);
    } catch (IOException e) {
      // of some, as of those for files, the message alone is no sentence
      throw new UncheckedIOException(
          e.getClass() == IOException.class ? e.getMessage() : e.toString(), e);
    }
  }

  /** Returns the server. */
  public EmbeddedServer embedded() {
    return server;
  }

  /** Returns the databases. */
  public Databases databases() {
    return databases;
  }

  /**
   * Creates a database under a name.
   *
   * @throws IllegalStateException if the server does not do it
   */
  public void createDatabase(String name, boolean withExtensions) {
    try {
      databases.create(name, withExtensions);
    } catch (SQLException e) {
      throw failure("could not create the database " + name, e);
    }
  }

  /**
   * Creates a database under a name of its own, which it returns.
   *
   * @throws IllegalStateException if the server does not do it
   */
  public String createDatabase(boolean withExtensions) {
    return createDatabase(databases, withExtensions);
  }

  /** Creates a database on any server; see {@link #createDatabase(boolean)}. */
  public static String createDatabase(Databases databases, boolean withExtensions) {
    try {
      return databases.create(withExtensions);
    } catch (SQLException e) {
      throw failure("could not create a database", e);
    }
  }

  private static IllegalStateException failure(String what, SQLException e) {
    String said = Remedies.said(e);
    String remedy = Remedies.of(said);
    return new IllegalStateException(
        remedy.isEmpty() ? what + ": " + said : what + "." + remedy, e);
  }

  /**
   * Starts the server again, on the same port, if it does not run.
   *
   * @throws IllegalStateException if it is closed
   * @throws UncheckedIOException if it does not start
   */
  public void startAgain() {
    try {
      server.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e.toString(), e);
    }
    databases.dropLeft();
  }

  @Override
  public void close() {
    databases.close();
    server.close();
  }
}
