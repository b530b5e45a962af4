// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import io.pghello.cli.output.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A directory with the PostgreSQL programs of one version. */
public record Programs(Path folder, int major) {
  private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) ([0-9]+)");

  /**
   * Finds programs that can dump and restore databases of a server of this major version. They have
   * exactly this version, because a dump made by a newer pg_dump cannot be restored into the
   * server.
   */
  public static Programs forServer(int major, @Nullable Path named) {
    return find("pg_dump", major, named, "client");
  }

  /** Finds programs that can run a server of exactly this major version. */
  public static Programs ofServer(int major, @Nullable Path named) {
    return find("postgres", major, named, "server");
  }

  private static Programs find(String program, int major, @Nullable Path named, String kind) {
    // Debian and PGDG have a directory for each version.
    for (String name :
        List.of("/usr/lib/postgresql/" + major + "/bin", "/usr/pgsql-" + major + "/bin")) {
      Path folder = Path.of(name);
      if (named == null && Files.isExecutable(folder.resolve(program))) {
        return new Programs(folder, major);
      }
    }
    var seen = new ArrayList<String>();
    for (Path folder : named == null ? path() : List.of(named)) {
      Path file = folder.resolve(program);
      if (Files.isExecutable(file)) {
        int version = version(file);
        if (version == major) {
          return new Programs(folder, major);
        }
        seen.add(file + " has version " + version);
      }
    }
    String found = seen.isEmpty() ? "there is no " + program : String.join(", ", seen);
    throw Failure.unknown(
        "this command needs PostgreSQL's %s programs of version %d on this machine (%s): install them (Debian: %s), or set their directory with --bindir"
            .formatted(
                kind,
                major,
                found,
                kind.equals("client") ? "postgresql-client-" + major : "postgresql-" + major));
  }

  private static List<Path> path() {
    String path = System.getenv("PATH");
    return path == null
        ? List.of()
        : Stream.of(path.split(":", -1)).filter(folder -> !folder.isEmpty()).map(Path::of).toList();
  }

  private static int version(Path program) {
    String line = output(program.toString(), "--version");
    Matcher matcher = VERSION.matcher(line);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  /** Runs a short command and returns its output; empty if it cannot be run. */
  public static String output(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      process.getOutputStream().close();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.waitFor();
      return text.strip();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failure.critical("interrupted");
    }
  }

  public String path(String program) {
    return folder.resolve(program).toString();
  }
}
