// SPDX-License-Identifier: MIT
package io.pghello.examples.mcp;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The npm packages of the demo, in the versions of the lock file, cached in the user's home
 * directory.
 */
final class Npm {
  private static final List<String> FILES =
      List.of("package.json", "package-lock.json", "client.mjs");
  private static final long INSTALL_MINUTES = 5;

  private Npm() {}

  /** Returns whether a program is on the path. */
  static boolean has(String program) {
    String path = Objects.requireNonNullElse(System.getenv("PATH"), "");
    return Stream.of(path.split(":"))
        .filter(folder -> !folder.isEmpty())
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  /**
   * Returns the directory with the client and the reference server. The first call installs them.
   *
   * @throws IllegalStateException if Node.js is missing or npm cannot install the packages
   */
  static synchronized Path directory() {
    for (String program : List.of("node", "npm")) {
      if (!has(program)) {
        throw new IllegalStateException(
            "cannot find "
                + program
                + " on the PATH; the client and the reference server need Node.js 18 or newer and"
                + " npm: apt-get install nodejs npm");
      }
    }
    try {
      // the directory's contents are executed, so it is created for the current user only
      Path folder =
          Files.createDirectories(
              Path.of(System.getProperty("user.home"), ".cache", "pg-hello", "npm-" + hash()),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      installOnce(folder);
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Installs the packages, unless an earlier call has succeeded. Other processes wait. */
  @SuppressWarnings("try")
  private static void installOnce(Path folder) throws IOException {
    try (FileChannel lock = FileChannel.open(folder.resolve("lock"), CREATE, WRITE);
        FileLock held = lock.lock()) {
      Path installed = folder.resolve("installed");
      if (!Files.exists(installed)) {
        install(folder);
        Files.createFile(installed);
      }
    }
  }

  private static void install(Path folder) throws IOException {
    for (String name : FILES) {
      Files.write(folder.resolve(name), read(name));
    }
    Path log = folder.resolve("npm.log");
    try {
      Process npm =
          new ProcessBuilder("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      npm.getOutputStream().close();
      boolean ended = npm.waitFor(INSTALL_MINUTES, TimeUnit.MINUTES);
      npm.destroyForcibly();
      if (!ended || npm.exitValue() != 0) {
        throw new IllegalStateException(
            "npm could not install the client and the reference server: "
                + (ended ? firstError(Files.readAllLines(log)) : "it took too long"));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while npm ran", e);
    }
  }

  /** Returns npm's first error line. Before npm 10, this line begins with {@code npm ERR!}. */
  static String firstError(List<String> log) {
    return log.stream()
        .filter(line -> line.startsWith("npm error") || line.startsWith("npm ERR!"))
        .findFirst()
        .orElse("npm reported no error");
  }

  private static String hash() throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String name : FILES) {
        digest.update(read(name));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] read(String name) throws IOException {
    try (InputStream file = Npm.class.getResourceAsStream("/npm/" + name)) {
      return Objects.requireNonNull(file, name).readAllBytes();
    }
  }
}
