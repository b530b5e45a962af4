// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import io.pghello.cli.connect.Target;
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
 * A server of one's own for as long as the command runs, from the programs of this machine and the
 * extension's files of a backup: what is installed here is neither used nor changed. It has no
 * network socket: who connects may read the folder that it is in.
 */
public final class ScratchServer {
  /** A part of the name of the socket, which is the only one in its folder. */
  public static final String PORT = "5432";

  private static final int START_SECONDS = 120;

  private ScratchServer() {}

  /**
   * Starts it, and returns how to connect to it.
   *
   * @param temporary the folder in which its own is created
   * @param files the extension's files, if there are any
   * @param undo what ends it
   */
  public static Target start(Programs programs, Path temporary, Path files, Undo undo)
      throws IOException {
    Path folder = Files.createTempDirectory(temporary, "pghello-verify");
    undo.begin(() -> {}, () -> Folders.deleteFolder(folder));
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
    Undo.Running running =
        undo.start(
            asServer(
                bin.resolve("postgres").toString(),
                "-D",
                data.toString(),
                "--port=" + PORT,
                "--listen_addresses=",
                "--unix_socket_directories=" + folder,
                "--fsync=off",
                "--autovacuum=off",
                "--max_wal_size=4GB",
                "--maintenance_work_mem=256MB"),
            Map.of(),
            Redirect.DISCARD);
    undo.begin(
        () -> {},
        () -> {
          tellToEnd(running);
          running.process().waitFor(20, TimeUnit.SECONDS);
        });
    Target target = target(folder, "postgres", password, "");
    awaitStart(target, running);
    return target;
  }

  /**
   * Returns how to connect to a server whose socket is in a folder.
   *
   * @param options settings of each session, as libpq takes them
   */
  public static Target target(Path folder, String role, String password, String options) {
    return Target.find(
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

  /** Asks for a fast shutdown, which does not wait for sessions to end. */
  public static void tellToEnd(Undo.Running server) {
    Programs.output("kill", "-INT", String.valueOf(server.process().pid()));
  }

  private static void awaitStart(Target target, Undo.Running running) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try {
        target.connect().close();
        return;
      } catch (SQLException e) {
        if (!running.process().isAlive() || System.nanoTime() > end) {
          throw Failure.critical("the scratch server does not start: " + messages(running, e));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }

  private static String messages(Undo.Running running, SQLException e) {
    try {
      return Files.readString(running.messages()) + SqlErrors.message(e);
    } catch (IOException io) {
      return SqlErrors.message(e);
    }
  }

  /**
   * Returns what the user of this process can do to servers, and code that a scratch server runs
   * could do, too; null for nothing.
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
      // it is not there
      return null;
    }
  }

  /** The server refuses to run as root, who runs it in a user namespace where root has no name. */
  public static List<String> asServer(String... command) {
    var whole = new ArrayList<String>();
    if (Programs.output("id", "-u").equals("0")) {
      whole.addAll(List.of("unshare", "--user"));
    }
    whole.addAll(List.of(command));
    return whole;
  }

  /**
   * Makes a tree of links beside the server's own, in which the extension's files are those of the
   * backup. The server finds its files from where its program is, so that is copied.
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
    Failure.refuseIf(path.isEmpty(), programs.path("pg_config") + " is missing: install it");
    return Path.of(path);
  }
}
