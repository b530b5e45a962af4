// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads {@code pg_service.conf}. Each section of this file defines one libpq service. */
final class ServiceFile {
  private ServiceFile() {}

  /**
   * Returns the parameters of a service, with libpq's names.
   *
   * @param home the user's home directory
   * @throws IllegalArgumentException if no file defines the service
   */
  static Map<String, String> read(
      String service, Function<String, @Nullable String> variables, Path home) {
    for (Path file : files(variables, home)) {
      if (Files.isReadable(file)) {
        Map<String, String> values = section(service, file);
        if (values != null) {
          return values;
        }
      }
    }
    throw new IllegalArgumentException(
        "service " + service + " is not defined in " + files(variables, home));
  }

  private static List<Path> files(Function<String, @Nullable String> variables, Path home) {
    var files = new ArrayList<Path>();
    String file = variables.apply("PGSERVICEFILE");
    files.add(file == null ? home.resolve(".pg_service.conf") : Path.of(file));
    String folder = variables.apply("PGSYSCONFDIR");
    if (folder != null) {
      files.add(Path.of(folder, "pg_service.conf"));
    }
    return files;
  }

  private static @Nullable Map<String, String> section(String service, Path file) {
    Map<String, String> values = null;
    try {
      for (String raw : Files.readAllLines(file)) {
        String line = raw.strip();
        int equals = line.indexOf('=');
        if (line.startsWith("[")) {
          if (values != null) {
            return values;
          }
          values = line.equals("[" + service + "]") ? new LinkedHashMap<>() : null;
        } else if (values != null && equals > 0 && !line.startsWith("#")) {
          values.putIfAbsent(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        }
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read " + file + ": " + Failure.reason(e), e);
    }
    return values;
  }
}
