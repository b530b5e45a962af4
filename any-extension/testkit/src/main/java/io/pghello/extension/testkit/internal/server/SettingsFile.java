// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A file in a server's data directory that contains the server's settings. It is used on Windows,
 * where nested quotes in program arguments are lost.
 */
final class SettingsFile {
  /** The name of the file. */
  static final String NAME = "pg-extension.conf";

  private static final String INCLUDE = "include '" + NAME + "'";

  private SettingsFile() {}

  /** Writes the file and includes it at the end of {@code postgresql.conf}. */
  static void write(Path data, Map<String, String> settings) throws IOException {
    Files.writeString(
        data.resolve(NAME),
        settings.entrySet().stream()
            .map(setting -> setting.getKey() + " = " + quoted(setting.getValue()) + "\n")
            .collect(Collectors.joining()));
    Path main = data.resolve("postgresql.conf");
    if (!Files.readString(main, StandardCharsets.ISO_8859_1).contains(INCLUDE)) {
      Files.writeString(main, "\n" + INCLUDE + "\n", StandardOpenOption.APPEND);
    }
  }

  private static String quoted(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'";
  }
}
