// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.commons.io.FileUtils;

/**
 * The peer without a library: initdb, pg_ctl and JDBC, on the very binaries that ours unpacked,
 * with the extension's files among them. It has PostgreSQL's own settings, or is tuned as its
 * documentation says for data that may be lost: no fsync, synchronous_commit and full_page_writes,
 * fewer checkpoints, initdb --no-sync, an immediate stop; and the caller puts the data into memory.
 */
public final class PgCtlServer implements AutoCloseable {
  /** Asks {@link #main} for a tuned one. */
  public static final String TUNED = "tuned";

  private static final int TIMEOUT_SECONDS = 30;
  private static final String SETTINGS =
      " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
          + " -c max_wal_size=4GB -c checkpoint_timeout=1h";

  private final Path programs;
  private final Path folder;
  private final boolean tuned;
  private final int port;

  private PgCtlServer(Path programs, Path folder, boolean tuned, int port) {
    this.programs = programs;
    this.folder = folder;
    this.tuned = tuned;
    this.port = port;
  }

  /**
   * Starts a server, prints a greeting, and stops.
   *
   * @param args the folder with the programs, one to put the data into, and perhaps {@link #TUNED}
   */
  public static void main(String[] args) throws IOException, SQLException {
    try (PgCtlServer server =
            start(Path.of(args[0]), Path.of(args[1]), args.length > 2 && args[2].equals(TUNED));
        Connection connection = server.connect()) {
      System.out.println(greet(connection));
    }
  }

  /**
   * Starts a server that ends with the JVM.
   *
   * @param programs the folder with initdb and pg_ctl
   * @param parent where its data shall be, in a folder of its own
   */
  public static PgCtlServer start(Path programs, Path parent, boolean tuned) throws IOException {
    int port;
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    var server =
        new PgCtlServer(programs, Files.createTempDirectory(parent, "by-hand"), tuned, port);
    Runtime.getRuntime().addShutdownHook(new Thread(server::closeAtExit));
    try {
      server.start();
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private void start() throws IOException {
    List<String> initdb =
        new ArrayList<>(List.of("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"));
    if (tuned) {
      initdb.add("--no-sync");
    }
    run("initdb", initdb);
    String options = "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories=''";
    pgCtl("-l", log().toString(), "-o", tuned ? options + SETTINGS : options, "start");
  }

  /** Connects as the superuser. */
  public Connection connect() throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres");
  }

  /** Creates the extension, and greets. */
  public static String greet(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION pg_hello");
      try (ResultSet row = statement.executeQuery("SELECT pg_hello('Ada')")) {
        row.next();
        return row.getString(1);
      }
    }
  }

  private Path data() {
    return folder.resolve("data");
  }

  private Path log() {
    return folder.resolve("log");
  }

  private void pgCtl(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("-w", "-t", Integer.toString(TIMEOUT_SECONDS)));
    all.addAll(List.of(arguments));
    run("pg_ctl", all);
  }

  private void run(String program, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    // PostgreSQL refuses to run as root, so root has no name there
    if (Files.getAttribute(folder, "unix:uid").equals(0)) {
      command.addAll(List.of("unshare", "-U"));
    }
    command.addAll(List.of(programs.resolve(program).toString(), "-D", data().toString()));
    command.addAll(arguments);
    // not a pipe, which the server would keep open
    Path output = Files.createTempFile(folder, program, ".log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!hasEnded(process) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IllegalStateException(
          String.join(" ", command)
              + " failed: "
              + Files.readString(output)
              + (Files.exists(log()) ? Files.readString(log()) : ""));
    }
  }

  private static boolean hasEnded(Process process) {
    try {
      return process.waitFor(2 * TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Stops it and removes its data. A second call does nothing. */
  @Override
  public synchronized void close() throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try {
      if (Files.exists(data().resolve("postmaster.pid"))) {
        pgCtl("-m", tuned ? "immediate" : "fast", "stop");
      }
    } finally {
      Postmaster.endAll(folder);
      FileUtils.deleteDirectory(folder.toFile());
    }
  }

  private void closeAtExit() {
    try {
      close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
