// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The hashes of files by path, in the format of {@code sha256sum}. */
final class Sha256Sums {
  /** The name of the file that contains the hashes. */
  static final String FILE = "SHA256SUMS";

  /** Matches the part of a library's path that consists of the platform and the major version. */
  private static final Pattern BUILD = Pattern.compile("(?!share/)[^/]+/\\d+(?=/)");

  private final Map<String, String> hashes = new LinkedHashMap<>();

  /** Parses a file. */
  Sha256Sums(byte[] content) {
    new String(content, StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains(" "))
        .forEach(
            line ->
                hashes.put(
                    line.substring(line.indexOf(' ')).strip(),
                    line.substring(0, line.indexOf(' '))));
  }

  Map<String, String> hashes() {
    return hashes;
  }

  /** Returns the platforms and major versions of libraries, e.g. {@code linux-amd64/17}. */
  List<String> builds() {
    return hashes.keySet().stream()
        .map(BUILD::matcher)
        .filter(Matcher::lookingAt)
        .map(Matcher::group)
        .distinct()
        .sorted()
        .toList();
  }

  /** Returns the SHA-256 hash in the format that {@code sha256sum} prints. */
  static String hash(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
