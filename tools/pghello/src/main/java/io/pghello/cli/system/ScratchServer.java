// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import io.pghello.cli.connect.Target;
import io.pghello.cli.connect.TargetResolver;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.SqlErrors;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A temporary server for the duration of a command. The server uses the programs of this machine
 * and the extension's files from a backup. These files take precedence over the installed ones,
 * which are not changed. It does not listen on the network, and only users who have access to its
 * directory can connect.
 */
public final class ScratchServer {
  /**
   * The port in the name of the server's Unix socket, which is the only socket in its directory.
   */
  public static final String PORT = "5432";

  private static final int START_SECONDS = 120;

  private ScratchServer() {}

  /**
   * Starts the server, and returns the connection target.
   *
   * @param temporary the parent of the server's directory
   * @param files the directory with the extension's files; the directory need not exist
   * @param preload the libraries to load at startup, without their background workers
   * @param undo receives the cleanup steps that stop the server and delete its directory
   */
  public static Target start(
      Programs programs, Path temporary, Path files, List<String> preload, CleanupStack undo)
      throws IOException {
    Path folder = Files.createTempDirectory(temporary, "pghello-verify");
    undo.begin(() -> {}, () -> Directories.delete(folder));
    Path bin = tree(programs, folder.resolve("tree"), files);
    Path data = folder.resolve("data");
    String password = UUID.randomUUID().toString();
    Path passwordFile = Files.writeString(folder.resolve("password"), password);
    undo.run(
        asServer(
            bin.resolve("initdb").toString(),
            "--pgdata=" + data,
            "--username=postgres",
            "--pwfile=" + passwordFile,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync"),
        Map.of(),
        Redirect.DISCARD);
    var command =
        new ArrayList<>(
            List.of(
                bin.resolve("postgres").toString(),
                "-D",
                data.toString(),
                "--port=" + PORT,
                "--listen_addresses=",
                "--unix_socket_directories=" + folder,
                "--fsync=off",
                "--autovacuum=off",
                "--max_wal_size=4GB",
                "--maintenance_work_mem=256MB"));
    if (!preload.isEmpty()) {
      command.add("--shared_preload_libraries=" + String.join(",", preload));
      command.add("--max_worker_processes=0");
    }
    CleanupStack.Running running =
        undo.start(asServer(command.toArray(String[]::new)), Map.of(), Redirect.DISCARD);
    undo.begin(
        () -> {},
        () -> {
          requestShutdown(running);
          running.process().waitFor(20, TimeUnit.SECONDS);
        });
    Target target = target(folder, "postgres", password, "");
    awaitStart(target, running);
    return target;
  }

  /**
   * Returns the target for a server with a socket in the given directory.
   *
   * @param options the settings of each session, in libpq's format
   */
  public static Target target(Path folder, String role, String password, String options) {
    return TargetResolver.find(
        Map.of(
            "host",
            folder.toString(),
            "port",
            PORT,
            "user",
            role,
            "dbname",
            "template1",
            "options",
            options),
        Map.of("password", password),
        name -> null,
        role,
        10);
  }

  /** Requests a fast shutdown, which does not wait for sessions to end. */
  public static void requestShutdown(CleanupStack.Running server) {
    Programs.output("kill", "-INT", String.valueOf(server.process().pid()));
  }

  /**
   * Returns advice to use {@code --preload} if the error is about a library to preload; otherwise
   * an empty string.
   */
  public static String adviceOn(String messages) {
    return messages.contains("preload")
        ? "; --preload LIBRARY loads a library at startup, without its background workers"
        : "";
  }

  private static void awaitStart(Target target, CleanupStack.Running running) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try {
        target.connect().close();
        return;
      } catch (SQLException e) {
        if (!running.process().isAlive() || System.nanoTime() > end) {
          throw Failure.critical("the temporary server did not start: " + messages(running, e));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  private static String messages(CleanupStack.Running running, SQLException e) {
    try {
      return Files.readString(running.messages()) + SqlErrors.message(e);
    } catch (IOException io) {
      return SqlErrors.message(e);
    }
  }

  /**
   * Returns the reason why this user has power over other servers, e.g. "is root"; null if the user
   * has no such power. Code that runs in a temporary server would have the same power.
   */
  public static @Nullable String powerOfThisUser() {
    String user = Programs.output("id", "-un");
    if (Programs.output("id", "-u").equals("0")) {
      return "is root";
    }
    for (String data : List.of("/var/lib/postgresql", "/var/lib/pgsql")) {
      if (user.equals(owner(Path.of(data)))) {
        return "owns " + data;
      }
    }
    return ProcessHandle.allProcesses()
            .map(ProcessHandle::info)
            .filter(info -> info.user().equals(Optional.of(user)))
            .anyMatch(info -> info.command().orElse("").endsWith("/postgres"))
        ? "runs a server"
        : null;
  }

  private static @Nullable String owner(Path path) {
    try {
      return Files.getOwner(path).getName();
    } catch (IOException e) {
      // The directory does not exist.
      return null;
    }
  }

  /**
   * Prepends {@code unshare} to the command if this program runs as root. PostgreSQL refuses to run
   * as root, but runs in a user namespace that does not map root.
   */
  public static List<String> asServer(String... command) {
    var whole = new ArrayList<String>();
    if (Programs.output("id", "-u").equals("0")) {
      whole.addAll(List.of("unshare", "--user"));
    }
    whole.addAll(List.of(command));
    return whole;
  }

  /**
   * Creates a tree of links to the server's installed files, but with the extension's files from
   * the backup. The programs are copied, because a server locates its files relative to the path of
   * the program {@code postgres}.
   */
  public static Path tree(Programs programs, Path root, Path files) throws IOException {
    Path bin = root.resolve(relative(configured(programs, "--bindir")));
    Path share = configured(programs, "--sharedir");
    Path extensions = share.resolve("extension");
    Path libraries = configured(programs, "--pkglibdir");
    Files.createDirectories(bin);
    for (String program : List.of("postgres", "initdb")) {
      Files.copy(
          programs.folder().resolve(program).toRealPath(),
          bin.resolve(program),
          StandardCopyOption.COPY_ATTRIBUTES);
    }
    link(share, root.resolve(relative(share)), List.of("extension"));
    link(extensions, root.resolve(relative(extensions)), List.of());
    link(libraries, root.resolve(relative(libraries)), List.of());
    if (Files.isDirectory(files)) {
      try (Stream<Path> paths = Files.list(files)) {
        for (Path path : paths.toList()) {
          String name = path.getFileName().toString();
          boolean script = name.endsWith(".control") || name.endsWith(".sql");
          Path to = root.resolve(relative(script ? extensions : libraries)).resolve(name);
          Files.copy(path, to, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
    return bin;
  }

  private static void link(Path from, Path to, List<String> without) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> paths = Files.list(from)) {
      for (Path path : paths.toList()) {
        if (!without.contains(path.getFileName().toString())) {
          Files.createSymbolicLink(to.resolve(path.getFileName()), path);
        }
      }
    }
  }

  private static Path relative(Path absolute) {
    return Path.of("/").relativize(absolute);
  }

  private static Path configured(Programs programs, String what) {
    String path = Programs.output(programs.path("pg_config"), what);
    Failure.throwIf(path.isEmpty(), programs.path("pg_config") + " is missing: install it");
    return Path.of(path);
  }
}
