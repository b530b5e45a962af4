// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.ServerBinaries;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A platform that this machine can build extensions for, in addition to its own. */
enum Target {
  LINUX_AMD64("linux-amd64", List.of(), null),
  LINUX_ARM64(
      "linux-arm64",
      List.of(new Tool("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross")),
      new Tool("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu")),
  LINUX_AMD64_MUSL("linux-amd64-musl", List.of(new Tool("musl-gcc", "musl-tools")), null),
  LINUX_ARM64_MUSL(
      "linux-arm64-musl",
      List.of(new Tool("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")),
      null),
  DARWIN_ARM64("darwin-arm64", Tools.DARWIN, null),
  DARWIN_AMD64("darwin-amd64", Tools.DARWIN, null),
  WINDOWS_AMD64(
      "windows-amd64",
      List.of(new Tool("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64-win32")),
      null);

  /** The value of the parameter {@code platforms} that selects all platforms. */
  static final String ALL = "all";

  /** The only platform on which libraries for other platforms can be built. */
  private static final String HOST = "linux-amd64";

  /** A required program, and the Debian packages to install if it is missing. */
  record Tool(String program, List<String> packages) {
    Tool(String program, String... packages) {
      this(program, List.of(packages));
    }
  }

  private static final class Tools {
    static final List<Tool> DARWIN =
        List.of(
            new Tool("clang-19", "clang-19"),
            new Tool("ld64.lld-19", "lld-19"),
            // npm fetches the headers of macOS
            new Tool("npm", "npm"));
  }

  private final String platform;

  // List.of() is immutable
  @SuppressWarnings("ImmutableEnumChecker")
  private final List<Tool> tools;

  @SuppressWarnings("ImmutableEnumChecker")
  private final @Nullable Tool cxx;

  Target(String platform, List<Tool> tools, @Nullable Tool cxx) {
    this.platform = platform;
    this.tools = tools;
    this.cxx = cxx;
  }

  /**
   * Returns the name of the platform and of its directory in jars, e.g. {@code linux-arm64-musl}.
   */
  String platform() {
    return platform;
  }

  /**
   * Returns the programs that builds for this platform require, except those that every build
   * requires.
   */
  List<Tool> tools(boolean withCxx) {
    var all = new ArrayList<Tool>(tools);
    if (withCxx && cxx != null) {
      all.add(cxx);
    }
    return all;
  }

  /**
   * Returns this platform's compiler if it also needs a separate package with the headers of the C
   * library, otherwise empty.
   */
  Optional<Tool> compilerWithoutHeaders() {
    return this == LINUX_ARM64 ? Optional.of(tools.get(0)) : Optional.empty();
  }

  private boolean isMac() {
    return this == DARWIN_ARM64 || this == DARWIN_AMD64;
  }

  /** Returns the suffix of libraries, for example {@code .so}. */
  String librarySuffix(int major) {
    return PackedExtension.librarySuffix(platform, major);
  }

  /**
   * Returns the platform of the server that libraries are linked with. Servers for macOS support
   * both architectures. Empty if no server is needed.
   */
  Optional<String> server() {
    if (isMac()) {
      return Optional.of(DARWIN_ARM64.platform);
    }
    return this == WINDOWS_AMD64 ? Optional.of(platform) : Optional.empty();
  }

  /**
   * Returns a regular expression for the system libraries that every machine with this platform
   * has. Empty if the libraries are not checked.
   */
  Optional<String> systemLibraries() {
    if (isMac()) {
      return Optional.of("/usr/lib/libSystem\\.B\\.dylib");
    }
    return this == WINDOWS_AMD64
        ? Optional.of("postgres\\.exe|kernel32\\.dll|api-ms-win-crt-[a-z0-9-]+\\.dll")
        : Optional.empty();
  }

  /** Returns the directory of a platform's builds, with a directory for each major version. */
  static Path builds(Path target, String platform) {
    return platform.equals(ServerBinaries.currentPlatform()) ? target : target.resolve(platform);
  }

  /** Returns the target of a platform. Empty for this machine's own platform. */
  static Optional<Target> of(String platform) {
    return Arrays.stream(values())
        .filter(each -> each.platform.equals(platform))
        .filter(each -> !platform.equals(ServerBinaries.currentPlatform()))
        .findFirst();
  }

  /**
   * Returns the names of the platforms to build for, beginning with this machine's platform.
   *
   * @param wanted the names, or {@code all}; if empty, only this machine's platform is returned
   * @throws IllegalArgumentException if a name is unknown
   */
  static List<String> platforms(List<String> wanted) {
    String current = ServerBinaries.currentPlatform();
    var names = new LinkedHashSet<String>();
    List<String> known = Arrays.stream(values()).map(Target::platform).toList();
    for (String each : wanted) {
      String name = each.strip();
      if (name.equals(ALL)) {
        names.add(current);
        names.addAll(known);
      } else if (known.contains(name) || name.equals(current)) {
        names.add(name);
      } else if (!name.isEmpty()) {
        throw new IllegalArgumentException(
            "There is no platform "
                + name
                + "."
                + suggestion(name, known)
                + " Remedy: set pg-extension.platforms to all, or to some of "
                + String.join(", ", known));
      }
    }
    if (names.isEmpty()) {
      names.add(current);
    }
    return names.stream()
        .sorted((one, two) -> Boolean.compare(two.equals(current), one.equals(current)))
        .toList();
  }

  /** Returns a question about the most similar name; empty if no name is similar. */
  private static String suggestion(String misspelt, List<String> names) {
    return names.stream()
        .min(Comparator.comparingInt(name -> distance(name, misspelt)))
        .filter(name -> 3 * distance(name, misspelt) <= name.length())
        .map(name -> " Did you mean " + name + "?")
        .orElse("");
  }

  /** Returns how many characters must be inserted, deleted or replaced. */
  private static int distance(String one, String other) {
    int[] row = IntStream.rangeClosed(0, other.length()).toArray();
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[other.length()];
  }

  /**
   * Returns the major versions to build for, without duplicates.
   *
   * @throws IllegalArgumentException if there is none
   */
  static List<Integer> majors(List<Integer> wanted) {
    if (wanted.isEmpty()) {
      throw new IllegalArgumentException(
          "There is no major version to build for. Remedy: set pg-extension.majors, for example to"
              + " 17 or 15,17");
    }
    return wanted.stream().distinct().toList();
  }

  /** Returns the reason why this machine cannot build for other platforms. Empty if it can. */
  static Optional<String> refusal() {
    return ServerBinaries.currentPlatform().equals(HOST)
        ? Optional.empty()
        : Optional.of(
            "Libraries for other platforms can be built only on "
                + HOST
                + ", but this machine is "
                + ServerBinaries.currentPlatform()
                + ". Remedy: build on that platform, for example in CI.");
  }

  /** Returns the command that installs packages. */
  static String install(List<String> packages) {
    return "sudo apt-get install " + packages.stream().distinct().collect(Collectors.joining(" "));
  }
}
