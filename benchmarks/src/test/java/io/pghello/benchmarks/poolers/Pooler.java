// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.poolers;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.benchmarks.harness.Address;
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
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.postgresql.ds.PGSimpleDataSource;

/** A connection pooler in front of a database, in transaction mode if it has modes. */
final class Pooler implements AutoCloseable {
  /** The supported poolers, which need not be installed. */
  enum Program {
    /** A PgBouncer without support for prepared statements, like versions before 1.21. */
    OLD_PGBOUNCER("pgbouncer"),
    /** The newest PgBouncer with default settings. */
    PGBOUNCER("pgbouncer"),
    /** The newest PgBouncer, which tracks {@code pg_hello.repeat}. */
    TRACKING_PGBOUNCER("pgbouncer"),
    /** The newest Odyssey, with support for prepared statements. */
    ODYSSEY("odyssey"),
    /** The newest pgpool-II, in which each client has its own session. */
    PGPOOL("pgpool");

    private final String command;

    Program(String command) {
      this.command = command;
    }

    /** Returns the command. Checks the program's version if the newest version is required. */
    @Override
    public String toString() {
      return this == OLD_PGBOUNCER ? command : "newest " + command;
    }

    /** Returns the path of the program; empty if it is not installed. */
    Optional<Path> path() {
      Stream<String> folders =
          this == OLD_PGBOUNCER
              ? Stream.concat(
                  Stream.of(System.getenv("PATH").split(File.pathSeparator)),
                  Stream.of("/usr/sbin"))
              : Stream.ofNullable(System.getenv("PG_HELLO_POOLERS")).map(folder -> folder + "/bin");
      return folders
          .map(folder -> Path.of(folder, command))
          .filter(Files::isExecutable)
          .findFirst();
    }
  }

  private static final Duration START = Duration.ofSeconds(30);
  private static final Pattern VERSION = Pattern.compile("PgBouncer 1\\.(\\d+)");

  // each client has its own process and session
  private static final int PGPOOL_CLIENTS = 40;

  private final Process process;
  private final int port = freePort();
  private final String database;
  private final String user;

  /**
   * Starts a pooler in front of a database.
   *
   * @param folder the directory for the pooler's files
   * @param server a connection to the database
   * @param sessions the number of sessions that the pooler's clients share, except for pgpool-II
   * @param more the additional settings, which override the defaults
   */
  Pooler(Program program, Path folder, PGSimpleDataSource server, int sessions, String more)
      throws IOException {
    database = Objects.requireNonNull(server.getDatabaseName());
    user = Objects.requireNonNull(server.getUser());
    String path = program.path().orElseThrow().toString();
    Path settings = folder.resolve(program.command + ".conf");
    Path log = folder.resolve(program.command + ".log");
    var command = new ArrayList<String>();
    if (System.getProperty("user.name").equals("root")) {
      // poolers do not run as root; in the namespace, the user has no name, and files remain owned
      // by root
      command.addAll(List.of("unshare", "-U"));
    }
    command.add(path);
    if (program == Program.PGPOOL) {
      String hba = folder.resolve("pool_hba.conf").toString();
      String pcp = folder.resolve("pcp.conf").toString();
      command.addAll(List.of("-n", "-a", hba, "-F", pcp, "-f"));
    }
    command.add(settings.toString());
    Files.writeString(
        settings,
        switch (program) {
              case OLD_PGBOUNCER ->
                  pgBouncer(server, sessions)
                      + (tracksStatements(path) ? "max_prepared_statements = 0\n" : "");
              case PGBOUNCER -> pgBouncer(server, sessions);
              case TRACKING_PGBOUNCER ->
                  pgBouncer(server, sessions)
                      + "track_extra_parameters = IntervalStyle, pg_hello.repeat\n";
              case ODYSSEY -> odyssey(server, sessions);
              case PGPOOL -> pgpool(server, folder);
            }
            + more);
    process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    awaitStart(log);
  }

  /**
   * Returns whether PgBouncer tracks prepared statements by default. Tracking is optional since
   * version 1.21, and enabled by default in newer versions.
   */
  private static boolean tracksStatements(String program) throws IOException {
    Process version = new ProcessBuilder(program, "--version").start();
    String words = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher number = VERSION.matcher(words);
    assertThat(number.find()).as(words).isTrue();
    return Integer.parseInt(number.group(1)) >= 21;
  }

  private static String password(PGSimpleDataSource server) {
    return Objects.requireNonNullElse(server.getPassword(), "");
  }

  private String pgBouncer(PGSimpleDataSource server, int sessions) {
    return """
    [databases]
    %s = host=%s port=%d user=%s password=%s
    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = %d
    unix_socket_dir =
    auth_type = any
    pool_mode = transaction
    default_pool_size = %d
    ignore_startup_parameters = extra_float_digits
    """
        .formatted(
            database,
            server.getServerNames()[0],
            server.getPortNumbers()[0],
            user,
            password(server),
            port,
            sessions);
  }

  private String odyssey(PGSimpleDataSource server, int sessions) {
    return """
    daemonize no
    log_to_stdout yes
    log_format "%%p %%l %%m\\n"
    listen {
      host "127.0.0.1"
      port %d
    }
    storage "server" {
      type "remote"
      host "%s"
      port %d
    }
    database "%s" {
      user default {
        authentication "none"
        storage "server"
        storage_user "%s"
        storage_password "%s"
        pool "transaction"
        pool_size %d
        pool_timeout 0
        pool_discard no
        pool_smart_discard yes
        pool_reserve_prepared_statement yes
      }
    }
    """
        .formatted(
            port,
            server.getServerNames()[0],
            server.getPortNumbers()[0],
            database,
            user,
            password(server),
            sessions);
  }

  /**
   * Returns the settings of pgpool-II. Its files for logins are in the same directory as its
   * settings.
   */
  private String pgpool(PGSimpleDataSource server, Path folder) throws IOException {
    Files.writeString(folder.resolve("pool_hba.conf"), "host all all 127.0.0.1/32 trust\n");
    Files.writeString(folder.resolve("pool_passwd"), user + ":TEXT" + password(server) + "\n");
    Files.createFile(folder.resolve("pcp.conf"));
    return """
    listen_addresses = '127.0.0.1'
    port = %d
    unix_socket_directories = '%s'
    pcp_listen_addresses = ''
    pcp_socket_dir = '%s'
    backend_clustering_mode = 'raw'
    backend_hostname0 = '%s'
    backend_port0 = %d
    enable_pool_hba = on
    pool_passwd = 'pool_passwd'
    num_init_children = %d
    max_pool = 1
    pid_file_name = '%s/pgpool.pid'
    work_dir = '%s'
    """
        .formatted(
            port,
            folder,
            folder,
            server.getServerNames()[0],
            server.getPortNumbers()[0],
            PGPOOL_CLIENTS,
            folder,
            folder);
  }

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
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

  /** Returns the address of the database behind the pooler. A login needs no password. */
  Address address() {
    return new Address("127.0.0.1", port, database, user, "");
  }

  /** Returns the URL of the database behind the pooler, with the user. */
  String url() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?user=" + user;
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
