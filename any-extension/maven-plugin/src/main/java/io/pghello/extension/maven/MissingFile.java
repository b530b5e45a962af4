// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A header, library, program or pkg-config module that make did not find, and the Debian package
 * that contains it.
 */
final class MissingFile {
  private enum Kind {
    HEADER(""),
    LIBRARY(""),
    PROGRAM(""),
    MODULE(".pc");

    /** The end of the name in a package. */
    private final String suffix;

    Kind(String suffix) {
      this.suffix = suffix;
    }
  }

  private record Message(Kind kind, Pattern pattern) {
    private Message(Kind kind, String regex) {
      this(kind, Pattern.compile(regex));
    }
  }

  /**
   * The messages of the compiler, the linkers, make, PGXS, shells and pkg-config. The group
   * captures the name of the missing file.
   */
  private static final List<Message> MESSAGES =
      List.of(
          new Message(
              Kind.HEADER, "fatal error: '?([^\\s':]+)'?(?:: No such file| file not found).*"),
          new Message(
              Kind.LIBRARY,
              "(?:cannot find|error: library not found for|error: unable to find library) (-l[^\\s:]+)"),
          new Message(Kind.PROGRAM, "ERROR: `([\\w.+-]+)' is missing on your system"),
          new Message(
              Kind.PROGRAM, "make(?:\\[\\d+])?: (?:\\S*/)?([\\w.+-]+): No such file or directory"),
          new Message(
              Kind.MODULE,
              "Package '?([\\w.+-]+)'?,? .*(?:not found in the pkg-config search path|, not found)"),
          new Message(Kind.MODULE, "No package '([^']+)' found"),
          new Message(Kind.PROGRAM, "(?:^|: )([\\w.+-]+): (?:command )?not found"));

  /** An error of the compiler or linker, except the message that the linker has failed. */
  private static final Pattern OTHER_ERROR =
      Pattern.compile(
          "^(?!(?:collect2|clang[^:]*): error: ).*(?:: (?:fatal )?error: |undefined (?:reference|symbol))");

  /** The failure of a command. A shell ends with status 127 if a program is missing. */
  private static final Pattern FAILURE = Pattern.compile("make(?:\\[\\d+])?: \\*\\*\\* .*");

  private static final Pattern NO_PROGRAM = Pattern.compile(FAILURE.pattern() + "Error 127");

  /** The maximum number of lines between the message about a missing program and the failure. */
  private static final int NEAR = 3;

  /** Headers that exist only for one kind of processor. */
  private static final Pattern OF_PROCESSOR =
      Pattern.compile("(?:\\w*mmintrin|x86intrin|cpuid|arm_neon|arm_acle)\\.h");

  /** Debian packages, by the beginning of the file's name. */
  private static final Map<String, String> PACKAGES =
      Map.ofEntries(
          Map.entry("gssapi", "libkrb5-dev"),
          Map.entry("krb5", "libkrb5-dev"),
          Map.entry("-lgssapi", "libkrb5-dev"),
          Map.entry("-lkrb5", "libkrb5-dev"),
          Map.entry("libpq", "libpq-dev"),
          Map.entry("postgres_ext.h", "libpq-dev"),
          Map.entry("-lpq", "libpq-dev"),
          Map.entry("openssl/", "libssl-dev"),
          Map.entry("-lssl", "libssl-dev"),
          Map.entry("-lcrypto", "libssl-dev"),
          Map.entry("libxml/", "libxml2-dev"),
          Map.entry("-lxml2", "libxml2-dev"),
          Map.entry("libxslt/", "libxslt1-dev"),
          Map.entry("-lxslt", "libxslt1-dev"),
          Map.entry("ldap.h", "libldap-dev"),
          Map.entry("-lldap", "libldap-dev"),
          Map.entry("security/pam_", "libpam0g-dev"),
          Map.entry("-lpam", "libpam0g-dev"),
          Map.entry("unicode/", "libicu-dev"),
          Map.entry("-licu", "libicu-dev"),
          Map.entry("zlib.h", "zlib1g-dev"),
          Map.entry("-lz", "zlib1g-dev"),
          Map.entry("zstd.h", "libzstd-dev"),
          Map.entry("-lzstd", "libzstd-dev"),
          Map.entry("lz4", "liblz4-dev"),
          Map.entry("-llz4", "liblz4-dev"),
          Map.entry("readline/", "libreadline-dev"),
          Map.entry("-lreadline", "libreadline-dev"),
          Map.entry("curl/", "libcurl4-openssl-dev"),
          Map.entry("-lcurl", "libcurl4-openssl-dev"),
          Map.entry("uuid/", "uuid-dev"),
          Map.entry("-luuid", "uuid-dev"),
          Map.entry("boost/", "libboost-dev"),
          Map.entry("mysql.h", "default-libmysqlclient-dev"),
          Map.entry("mysql/", "default-libmysqlclient-dev"),
          Map.entry("-lmysqlclient", "default-libmysqlclient-dev"),
          Map.entry("sqlite3.h", "libsqlite3-dev"),
          Map.entry("-lsqlite3", "libsqlite3-dev"),
          Map.entry("sodium", "libsodium-dev"),
          Map.entry("-lsodium", "libsodium-dev"),
          Map.entry("libsodium", "libsodium-dev"),
          Map.entry("protobuf-c/", "libprotobuf-c-dev"),
          Map.entry("-lprotobuf-c", "libprotobuf-c-dev"),
          Map.entry("libprotobuf-c", "libprotobuf-c-dev"));

  /** Debian packages of programs. */
  private static final Map<String, String> PROGRAMS =
      Map.ofEntries(
          Map.entry("g++", "g++"),
          Map.entry("flex", "flex"),
          Map.entry("bison", "bison"),
          Map.entry("git", "git"),
          Map.entry("perl", "perl"),
          Map.entry("pkg-config", "pkg-config"),
          Map.entry("python", "python-is-python3"),
          Map.entry("python3", "python3"),
          Map.entry("curl-config", "libcurl4-openssl-dev"),
          Map.entry("mysql_config", "default-libmysqlclient-dev"),
          Map.entry("protoc-c", "protobuf-c-compiler"));

  private MissingFile() {}

  /**
   * Returns the end of an error message, which names the missing file that is nearest to the
   * failure and the fix; an empty string if another error is nearer. A Makefile may tolerate
   * missing programs, e.g. in {@code $(shell git describe)}.
   *
   * @param platform the platform of the build; null for this machine's platform
   */
  static String remedy(List<String> lines, @Nullable String platform) {
    int failure = lines.size();
    for (int i = lines.size() - 1; i >= 0; i--) {
      String line = lines.get(i);
      if (FAILURE.matcher(line).matches()) {
        failure = i;
        continue;
      }
      for (Message message : MESSAGES) {
        Matcher found = message.pattern.matcher(line);
        if (found.find() && (message.kind != Kind.PROGRAM || isCause(lines, i, failure))) {
          return remedy(message.kind, found.group(1), platform);
        }
      }
      if (OTHER_ERROR.matcher(line).find()) {
        return "";
      }
    }
    return "";
  }

  /** Returns whether a missing program has caused a failure. */
  private static boolean isCause(List<String> lines, int message, int failure) {
    return failure - message <= NEAR
        || (failure < lines.size() && NO_PROGRAM.matcher(lines.get(failure)).find());
  }

  private static String remedy(Kind kind, String name, @Nullable String platform) {
    String where = platform == null ? "" : " for " + platform;
    if (OF_PROCESSOR.matcher(name).matches()) {
      return ": " + name + " is missing" + where + ": it is a header for other processors";
    }
    if (platform != null && (kind == Kind.HEADER || kind == Kind.LIBRARY)) {
      return ": "
          + name
          + " is missing"
          + where
          + ": only the server's headers and the C library are available for other platforms";
    }
    String debian =
        kind == Kind.PROGRAM
            ? PROGRAMS.get(name)
            : PACKAGES.entrySet().stream()
                .filter(each -> name.startsWith(each.getKey()))
                .max(Map.Entry.comparingByKey(Comparator.comparingInt(String::length)))
                .map(Map.Entry::getValue)
                .orElse(null);
    if (debian != null) {
      return ": "
          + name
          + " is missing. Remedy: install it, for example: sudo apt-get install "
          + debian;
    }
    return ": "
        + name
        + " is missing. Remedy: install the package that contains it (Debian: apt-file search "
        + name
        + kind.suffix
        + ")"
        + (kind == Kind.HEADER ? ", or fetch the project's submodules" : "");
  }
}
