// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.internal.DatabaseServer;
import io.pghello.extension.testkit.internal.Databases;
import io.pghello.extension.testkit.internal.Databases.Login;
import java.sql.SQLException;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import org.postgresql.Driver;

/** The server that tests run against, as {@link PgHelloTest} says. Thread-safe. */
final class TestServer implements AutoCloseable {
  private static final String DEFAULT_IMAGE = "postgres:17";

  // what the driver makes of a URL without parameters other than the log-in
  private static final Set<String> PARTS =
      Set.of("PGHOST", "PGPORT", "PGDBNAME", "user", "password");

  // PostgreSQL's insufficient_privilege
  private static final String PERMISSION_DENIED = "42501";

  private final String kind;
  private final Databases databases;
  private final @Nullable PgHelloServer embedded;
  private final Runnable end;

  private TestServer(
      String kind, Databases databases, @Nullable PgHelloServer embedded, Runnable end) {
    this.kind = kind;
    this.databases = databases;
    this.embedded = embedded;
    this.end = end;
  }

  /** Starts or finds the server that the system property or the environment names. */
  static TestServer configured() {
    return of(PgHelloServer.place());
  }

  static TestServer of(String kind) {
    boolean local = DatabaseServer.isLocal(kind);
    if (kind.equals(DatabaseServer.EMBEDDED) || (local && kind.equals(PgHelloServer.place()))) {
      return ofOurs(PgHelloServer.shared(), () -> {});
    }
    if (local) {
      PgHelloServer server = PgHelloServer.builder().start(kind);
      return ofOurs(server, server::close);
    }
    if (kind.equals("container") || kind.startsWith("container:")) {
      String image =
          kind.equals("container") ? DEFAULT_IMAGE : kind.substring("container:".length());
      try {
        return container(image);
      } catch (NoClassDefFoundError e) {
        throw new IllegalStateException(
            "a container needs Testcontainers: add org.testcontainers:testcontainers-postgresql to"
                + " the class path of the tests",
            e);
      }
    }
    if (kind.startsWith("jdbc:postgresql:")) {
      return existing(kind);
    }
    throw new IllegalArgumentException(
        "pghello.server (or PG_HELLO_SERVER) is \""
            + kind
            + "\"; use embedded, local, local:MAJOR, local:PATH of a pg_config, container,"
            + " container:IMAGE, or a JDBC URL that begins with jdbc:postgresql:");
  }

  private static TestServer ofOurs(PgHelloServer server, Runnable end) {
    return new TestServer("a server of ours", server.databases(), server, end);
  }

  private static TestServer container(String image) {
    var container = new PgHelloContainer(image);
    container.start();
    return new TestServer("container " + image, container.databases(), null, container::stop);
  }

  private static TestServer existing(String url) {
    Properties parts = Driver.parseURL(url, null);
    String user = parts == null ? null : parts.getProperty("user");
    String host = parts == null ? null : parts.getProperty("PGHOST", "localhost");
    if (parts == null
        || user == null
        || host == null
        || host.contains(",")
        || !PARTS.containsAll(parts.stringPropertyNames())) {
      throw new IllegalArgumentException(
          "the JDBC URL in pghello.server needs the log-in of a superuser, and takes one server and"
              + " no other parameters:"
              + " jdbc:postgresql://HOST:PORT/postgres?user=USER&password=PASSWORD");
    }
    Databases databases =
        Databases.foreign(
            host,
            Integer.parseInt(parts.getProperty("PGPORT", "5432")),
            parts.getProperty("PGDBNAME", "postgres"),
            new Login(user, parts.getProperty("password")),
            PgHelloServer.NAMES);
    try {
      databases.prepare();
    } catch (SQLException e) {
      var failure =
          new IllegalStateException(
              "the server that pghello.server names cannot be prepared: "
                  + e.getMessage()
                  + (PERMISSION_DENIED.equals(e.getSQLState())
                      ? ". The tests create roles and databases, and some ask for a superuser: log"
                          + " in as one, instead of as "
                          + user
                          + ", in the URL that pghello.server (or PG_HELLO_SERVER) is."
                      : ""),
              e);
      try {
        databases.dismantle();
      } catch (SQLException again) {
        failure.addSuppressed(again);
      }
      throw failure;
    }
    return new TestServer("an existing server", databases, null, () -> dismantle(databases));
  }

  private static void dismantle(Databases databases) {
    try {
      databases.dismantle();
    } catch (SQLException e) {
      throw new IllegalStateException("could not remove what the tests created", e);
    }
  }

  TestDatabase createDatabase(boolean withExtension) {
    return TestDatabase.create(databases, withExtension);
  }

  PgHelloServer embedded() {
    if (embedded == null) {
      throw new TestAbortedException("needs an embedded server, but the tests run against " + kind);
    }
    return embedded;
  }

  @Override
  public void close() {
    end.run();
  }
}
