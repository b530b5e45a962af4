// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.benchmarks.harness.Sql;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.apache.commons.io.function.Uncheck;

/**
 * A peer that uses initdb, pg_ctl and JDBC instead of a library, with the same binaries and
 * extension files as this project's server. It uses PostgreSQL's default settings, or is tuned as
 * recommended in PostgreSQL's documentation for non-durable data: fsync, synchronous_commit and
 * full_page_writes are off, checkpoints are less frequent, and initdb --no-sync and immediate
 * shutdown are used. The caller can pass a directory in memory for the data.
 */
public final class PgCtlServer implements Closeable {
  /** The argument of {@link #main} for a tuned server. */
  public static final String TUNED = "tuned";

  private static final int TIMEOUT_SECONDS = 60;
  private static final int ATTEMPTS = 3;
  private static final String SETTINGS =
      " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
          + " -c max_wal_size=4GB -c checkpoint_timeout=1h";

  private final Path programs;
  private final Path folder;
  private final boolean tuned;
  private int port;

  private PgCtlServer(Path programs, Path parent, boolean tuned) throws IOException {
    this.programs = programs;
    this.tuned = tuned;
    folder = Files.createTempDirectory(parent, "by-hand");
  }

  /**
   * Starts a server, optionally tuned, with its programs in one directory and its data in another.
   */
  public static void main(String[] args) throws IOException, SQLException {
    boolean tuned = args.length > 2 && args[2].equals(TUNED);
    try (PgCtlServer server = start(Path.of(args[0]), Path.of(args[1]), tuned);
        Connection connection = server.connect()) {
      System.out.println(greet(connection));
    }
  }

  /**
   * Starts a server with its data in a subdirectory of {@code parent}. The server stops when the
   * JVM exits.
   */
  public static PgCtlServer start(Path programs, Path parent, boolean tuned) throws IOException {
    var server = new PgCtlServer(programs, parent, tuned);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Uncheck.run(server::close)));
    try {
      server.run("initdb", "-U postgres -A trust -E UTF8 --locale=C" + (tuned ? " --no-sync" : ""));
      server.startOnFreePort();
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** Starts the server on a free port. Retries, because another process may take the port first. */
  private void startOnFreePort() throws IOException {
    for (int attempt = 1; ; attempt++) {
      try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = socket.getLocalPort();
      }
      String options =
          "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories=''";
      try {
        run("pg_ctl", "-w start -o", tuned ? options + SETTINGS : options);
        return;
      } catch (IOException e) {
        if (attempt == ATTEMPTS || !e.toString().contains("Address already in use")) {
          throw e;
        }
      }
    }
  }

  /** Connects as the superuser. */
  public Connection connect() throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres");
  }

  /** Creates the extension, and returns a greeting. */
  public static String greet(Connection connection) throws SQLException {
    Sql.execute(connection, "CREATE EXTENSION pg_hello");
    return Sql.text(connection, "SELECT pg_hello('Ada')");
  }

  /**
   * Runs a program with the given options, which are separated by spaces, and with the server's
   * options.
   */
  private void run(String program, String options, String... server) throws IOException {
    List<String> command = new ArrayList<>();
    // PostgreSQL refuses to run as root, so run it as another user, in a user namespace
    if (Files.getAttribute(folder, "unix:uid").equals(0)) {
      command.addAll(List.of("unshare", "-U"));
    }
    command.addAll(List.of(programs.resolve(program).toString(), "-D", data().toString()));
    command.addAll(List.of(options.split(" ")));
    command.addAll(List.of(server));
    Command.run(new ProcessBuilder(command).redirectErrorStream(true), TIMEOUT_SECONDS);
  }

  private Path data() {
    return folder.resolve("data");
  }

  /** Stops the server and removes its data. Further calls have no effect. */
  @Override
  public synchronized void close() throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try {
      if (Files.exists(data().resolve("postmaster.pid"))) {
        run("pg_ctl", "-w stop -m " + (tuned ? "immediate" : "fast"));
      }
    } catch (IOException e) {
      Postmaster.endAll(folder);
      throw e;
    } finally {
      FileUtils.deleteDirectory(folder.toFile());
    }
  }
}
