// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.distribution;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.OwnFiles;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The programs of a server. Thread-safe.
 *
 * @param platform the platform of the programs
 * @param folder the directory of the unpacked server; if an installed server runs in place, the
 *     directory of the extensions
 * @param bin the directory of the programs
 * @param libraries the directory of the server's own libraries
 * @param scripts the directories of control files
 * @param settings the settings that make the server find its extensions
 */
public record PostgresCommands(
    Platform platform,
    Path folder,
    Path bin,
    Path libraries,
    List<Path> scripts,
    Map<String, String> settings) {
  /**
   * The path, relative to the server's directory, of the file that lists the libraries for the
   * dynamic loader to preload.
   */
  public static final String PRELOADED = "lib/preloaded";

  /**
   * The directory of a packaged server's real programs, relative to the unpacked server. In the
   * usual directories, there are scripts that start these programs with the libraries in the
   * archive.
   */
  public static final String LAUNCHED = "libexec";

  private static final Pattern VERSION = Pattern.compile("PostgreSQL\\) (\\S+)");
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static @Nullable List<String> prefix;

  /** Describes the programs of an unpacked server. */
  public PostgresCommands(Path folder, Platform platform) {
    this(
        platform,
        folder,
        folder.resolve("bin"),
        folder.resolve(platform.pathInServer(PackedExtension.LIBRARIES)),
        List.of(folder.resolve(platform.pathInServer(PackedExtension.SCRIPTS))),
        Map.of());
  }

  /** Returns the path of a program. */
  public Path program(String name) {
    return bin.resolve(platform.program(name));
  }

  /** Starts a program and appends its output to a file. */
  public Process start(Path log, String program, String... arguments) throws IOException {
    return start(log, Map.of(), program, arguments);
  }

  /** Starts a program with additional environment variables. */
  public Process start(
      Path log, Map<String, String> environment, String program, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(prefix(platform));
    command.add(program(program).toString());
    command.addAll(List.of(arguments));
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    // the output is searched for messages, so it must not depend on the user's language
    builder.environment().put("LC_ALL", "C");
    builder.environment().putAll(environment);
    Path needed = folder.resolve(PackedExtension.NEEDED);
    // if the server has its own C library, its start script sets the library path
    if (Files.isDirectory(needed)
        && !Files.isDirectory(folder.resolve(PackedExtension.LIBC))
        && !Files.isDirectory(folder.resolve(LAUNCHED))) {
      addLibraries(builder.environment(), needed);
      if (program.equals("pg_ctl")) {
        preload(builder.environment());
      }
    }
    useOwnData(builder.environment());
    return builder.start();
  }

  /**
   * Makes the PROJ library use the server's data instead of data of another version. Removes the
   * user's settings for PROJ, so that they do not change the results of tests.
   */
  public void useOwnData(Map<String, String> environment) {
    Path data = folder.resolve(PackedExtension.NEEDED_DATA).resolve("proj");
    if (Files.isDirectory(data)) {
      // others, such as PROJ_AUX_DB, also change the results, or let the server use the network
      environment.keySet().removeIf(name -> name.startsWith("PROJ_"));
      // PROJ searches the directories in these variables in this order
      environment.put("PROJ_USER_WRITABLE_DIRECTORY", data.toString());
      environment.put("PROJ_DATA", data.toString());
    }
  }

  /**
   * Extends the server's library search path with the directory of libraries that extensions need.
   */
  public void addLibraries(Map<String, String> environment, Path needed) {
    // variable names are case-insensitive on Windows, but the keys of this map are not
    String variable =
        platform.isWindows()
            ? environment.keySet().stream()
                .filter(name -> name.equalsIgnoreCase("PATH"))
                .findFirst()
                .orElse("PATH")
            : "LD_LIBRARY_PATH";
    String separator = platform.isWindows() ? ";" : ":";
    environment.merge(
        variable,
        needed + separator + folder.resolve("lib"),
        (before, own) -> own + separator + before);
  }

  /**
   * Makes the server load the extensions' required libraries at startup, so that its sessions
   * inherit them.
   */
  public void preload(Map<String, String> environment) throws IOException {
    Path preloaded = folder.resolve(PRELOADED);
    if (Files.exists(preloaded)) {
      // a sanitizer, which the user may preload, has to be the first library
      environment.merge(
          "LD_PRELOAD", Files.readString(preloaded), (before, own) -> before + ":" + own);
    }
  }

  /** Runs a program and returns its exit status. */
  public int run(Path log, String program, String... arguments) throws IOException {
    return status(start(log, program, arguments));
  }

  /** Returns the version of the server, e.g. 17.5. */
  public String version() throws IOException {
    Path output = Files.createTempFile("pg-extension-", ".version");
    try {
      run(output, "postgres", "--version");
      Matcher version = VERSION.matcher(Files.readString(output));
      return version.find() ? version.group(1) : "(unknown version)";
    } finally {
      Files.delete(output);
    }
  }

  public static int status(Process process) throws IOException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** Waits for a program, and returns whether it exited within the limit. */
  static boolean ends(Process process, Duration limit) throws IOException {
    try {
      return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private static IOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted while a program of the server was running");
  }

  /**
   * Returns the words to put before a server command. PostgreSQL does not run as root. If this user
   * is root and user namespaces are available, the words make the command run in a separate user
   * namespace, while root still owns the files. Otherwise, the list is empty.
   */
  private static List<String> prefix(Platform platform) throws IOException {
    if (!platform.isLinux()) {
      return List.of();
    }
    LOCK.lock();
    try {
      if (prefix == null) {
        List<String> namespace = List.of("unshare", "-U");
        prefix = OwnFiles.isRoot() && canRun(namespace) ? namespace : List.of();
      }
      return prefix;
    } finally {
      LOCK.unlock();
    }
  }

  /**
   * Returns whether a program can run with this prefix, and under a user name other than root,
   * which initdb requires.
   */
  private static boolean canRun(List<String> prefix) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of("id", "-un"));
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      // the program does not exist
      return false;
    }
    var name = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return status(process) == 0 && !name.strip().equals("root");
  }
}
