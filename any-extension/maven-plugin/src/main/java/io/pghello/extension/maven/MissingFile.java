// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A header, library or program that make did not find, and the Debian package that contains it. */
final class MissingFile {
  /**
   * Patterns for the messages of the compiler, the linker and make. The group captures the name of
   * the missing file.
   */
  private static final List<Pattern> MESSAGES =
      List.of(
          Pattern.compile("fatal error: '?([^\\s':]+)'?(?:: No such file| file not found).*"),
          Pattern.compile("cannot find (-l[^\\s:]+)"),
          Pattern.compile("make(?:\\[\\d+])?: (?:\\S*/)?([\\w.+-]+): No such file or directory"),
          Pattern.compile("(?:^|: )([\\w.+-]+): (?:command )?not found"));

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
          Map.entry("g++", "g++"),
          Map.entry("flex", "flex"),
          Map.entry("bison", "bison"),
          Map.entry("perl", "perl"),
          Map.entry("python3", "python3"));

  private MissingFile() {}

  /**
   * Returns the end of an error message, which names the first missing file and the fix; an empty
   * string if no file is missing.
   *
   * @param platform the platform of the build; null for this machine's platform
   */
  static String remedy(List<String> lines, @Nullable String platform) {
    for (String line : lines) {
      for (Pattern message : MESSAGES) {
        Matcher found = message.matcher(line);
        if (found.find()) {
          return platform == null
              ? remedy(found.group(1))
              : ": "
                  + found.group(1)
                  + " is missing for "
                  + platform
                  + ": only the server's headers and the C library are available for other platforms";
        }
      }
    }
    return "";
  }

  private static String remedy(String name) {
    String remedy =
        PACKAGES.entrySet().stream()
            .filter(each -> name.startsWith(each.getKey()))
            .max(Map.Entry.comparingByKey(Comparator.comparingInt(String::length)))
            .map(each -> "install it, for example: sudo apt-get install " + each.getValue())
            .orElse(
                "install the package that contains it (Debian: apt-file search "
                    + name
                    + "), or fetch the project's submodules");
    return ": " + name + " is missing. Remedy: " + remedy;
  }
}
