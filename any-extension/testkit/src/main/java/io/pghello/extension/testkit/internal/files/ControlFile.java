// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An extension's control file, in the syntax of {@code postgresql.conf}. */
public final class ControlFile {
  /** The suffix of the file name. */
  static final String SUFFIX = ".control";

  private static final Pattern LINE =
      Pattern.compile("^\\s*(\\w+)\\s*=?\\s*(?:'((?:[^']|'')*)'|([^\\s#']+))", Pattern.MULTILINE);

  private final Map<String, String> values = new HashMap<>();

  /** Parses a control file. */
  public ControlFile(byte[] content) {
    Matcher line = LINE.matcher(new String(content, StandardCharsets.UTF_8));
    while (line.find()) {
      String value = line.group(2) == null ? line.group(3) : line.group(2).replace("''", "'");
      values.put(line.group(1).toLowerCase(Locale.ROOT), value);
    }
  }

  /** Returns the version that {@code CREATE EXTENSION} creates by default. */
  public Optional<String> defaultVersion() {
    return Optional.ofNullable(values.get("default_version"));
  }

  /** Returns the names of the required extensions. */
  List<String> requires() {
    String names = values.getOrDefault("requires", "");
    return List.of(names.split(",", -1)).stream()
        .map(name -> name.strip().replaceAll("^\"(.*)\"$", "$1"))
        .filter(name -> !name.isEmpty())
        .toList();
  }
}
