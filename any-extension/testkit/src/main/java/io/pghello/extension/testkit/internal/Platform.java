// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.installer.ElfFile;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** This machine's platform, as the folders of libraries are named. */
public final class Platform {
  private static final Path MAPPED = Path.of("/proc/self/maps");
  private static final String LIBC = "/libc.so.6";

  /** Whether files have owners and permissions as POSIX knows them. */
  static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  private Platform() {}

  /** Returns whether this is Linux. */
  static boolean isLinux() {
    return current().startsWith("linux-");
  }

  /** Returns that of this JVM, as in {@code linux-amd64}. */
  public static String current() {
    return of(
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        Files.exists(Path.of("/etc/alpine-release")));
  }

  /** Returns that of a machine with these properties; {@code musl} says whose C library it has. */
  public static String of(String os, String architecture, boolean musl) {
    String arch =
        switch (architecture) {
          case "x86_64" -> "amd64";
          case "aarch64" -> "arm64";
          default -> architecture;
        };
    String system = os.toLowerCase(Locale.ROOT).replace(' ', '-');
    return system + "-" + arch + (musl ? "-musl" : "");
  }

  /**
   * Returns the version of the GNU C library that this JVM runs on, as in {@code 2.36}; none where
   * it runs on another one.
   */
  static Optional<String> glibc() throws IOException {
    List<String> mapped = Files.exists(MAPPED) ? Files.readAllLines(MAPPED) : List.of();
    for (String line : mapped) {
      if (line.endsWith(LIBC)) {
        return ElfFile.read(Files.readAllBytes(Path.of(line.substring(line.indexOf('/')))))
            .newestDefined();
      }
    }
    return Optional.empty();
  }
}
