// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.postgresql.ds.PGSimpleDataSource;

/** A PgBouncer in transaction mode that knows nothing of prepared statements. */
final class PgBouncer implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(30);
  private static final Pattern VERSION = Pattern.compile("PgBouncer 1\\.(\\d+)");

  private final Process process;
  private final int port;

  /**
   * Starts one in front of a database.
   *
   * @param server a connection to the database
   * @param sessions how many sessions its clients share
   */
  PgBouncer(Path folder, PGSimpleDataSource server, int sessions) throws IOException {
    this.port = freePort();
    String program = program().orElseThrow().toString();
    Path settings = folder.resolve("pgbouncer.ini");
    Path log = folder.resolve("pgbouncer.log");
    Files.writeString(
        settings,
        """
        [databases]
        pooled = host=%s port=%d dbname=%s user=%s %s
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = %d
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        default_pool_size = %d
        ignore_startup_parameters = extra_float_digits
        %s
        """
            .formatted(
                server.getServerNames()[0],
                server.getPortNumbers()[0],
                server.getDatabaseName(),
                server.getUser(),
                server.getPassword() == null ? "" : "password=" + server.getPassword(),
                port,
                sessions,
                tracksStatements(program) ? "max_prepared_statements = 0" : ""));
    var command = new ArrayList<String>();
    if (System.getProperty("user.name").equals("root")) {
      // which it refuses to run as; in there it has no name, and its files stay root's
      command.addAll(List.of("unshare", "-U"));
    }
    command.addAll(List.of(program, settings.toString()));
    process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    awaitStart(log);
  }

  /** Returns the installed program; empty if there is none. */
  static Optional<Path> program() {
    return Stream.concat(
            Stream.of(System.getenv("PATH").split(File.pathSeparator)), Stream.of("/usr/sbin"))
        .map(folder -> Path.of(folder, "pgbouncer"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Versions from 1.21 on can be told to track statements, and newer ones do by default. */
  private static boolean tracksStatements(String program) throws IOException {
    Process version = new ProcessBuilder(program, "--version").start();
    String words = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher number = VERSION.matcher(words);
    assertThat(number.find()).as(words).isTrue();
    return Integer.parseInt(number.group(1)) >= 21;
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitStart(Path log) throws IOException {
    long end = System.nanoTime() + START.toNanos();
    while (!accepts()) {
      assertThat(process.isAlive() && System.nanoTime() - end < 0)
          .as(Files.readString(log))
          .isTrue();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  private boolean accepts() {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the URL of the database behind it. */
  String url() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/pooled";
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(START.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
