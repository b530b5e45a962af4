// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code pg_service.conf}. Each section of this file defines one libpq service. The rules are
 * the same as in libpq's {@code parseServiceInfo}.
 */
final class ServiceFile {
  /** The directory of Debian's libpq for {@code pg_service.conf}. */
  static final Path SYSTEM = Path.of("/etc/postgresql-common");

  private static final String FILE = "pg_service.conf";

  /** The blanks that C's {@code isspace} recognizes, at the beginning and end of a line. */
  private static final Pattern BLANKS = Pattern.compile("^[ \\t\\x0b\\f\\r]+|[ \\t\\x0b\\f\\r]+$");

  /** The size of a line from which libpq rejects it, in bytes without the line break. */
  private static final int TOO_LONG = 1022;

  private ServiceFile() {}

  /**
   * Returns the parameters of a service, with libpq's names.
   *
   * @param home the user's home directory
   * @param system the directory of the system's file, unless {@code PGSYSCONFDIR} is set
   * @throws IllegalArgumentException if no file defines the service, or if its section contains an
   *     error
   */
  static Map<String, String> read(
      String service, Function<String, @Nullable String> variables, Path home, Path system) {
    String given = variables.apply("PGSERVICEFILE");
    if (given != null && given.isEmpty()) {
      throw new IllegalArgumentException("PGSERVICEFILE is empty: set it to a path, or unset it");
    }
    String folder = variables.apply("PGSYSCONFDIR");
    Path own = given == null ? home.resolve(".pg_service.conf") : Path.of(given);
    // Like libpq, which reads the root directory if the variable is empty.
    Path shared = folder == null ? system.resolve(FILE) : Path.of(folder + "/" + FILE);
    Map<String, String> values = null;
    if (given != null || Files.exists(own)) {
      values = section(service, own);
    }
    if (values == null && Files.exists(shared)) {
      values = section(service, shared);
    }
    if (values == null) {
      throw new IllegalArgumentException(
          "service %s is not defined in %s or %s".formatted(service, own, shared));
    }
    return values;
  }

  private static @Nullable Map<String, String> section(String service, Path file) {
    Map<String, String> values = null;
    int number = 0;
    // A comment can be in any encoding.
    for (String raw : text(file).split("\n", -1)) {
      number++;
      if (raw.length() >= TOO_LONG) {
        throw new IllegalArgumentException(
            "%s, line %d: the line has more than %d bytes, so libpq rejects the file: shorten it"
                .formatted(file, number, TOO_LONG - 1));
      }
      String line = BLANKS.matcher(raw).replaceAll("");
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      if (line.startsWith("[")) {
        if (values != null) {
          return values;
        }
        // libpq ignores the rest of the line.
        values = line.startsWith("[" + bytes(service) + "]") ? new LinkedHashMap<>() : null;
      } else if (values != null) {
        String place = file + ", line " + number;
        int equals = line.indexOf('=');
        String keyword = equals < 0 ? line : line.substring(0, equals);
        checkKeyword(place, keyword, equals >= 0);
        values.putIfAbsent(keyword, decoded(place, line.substring(equals + 1)));
      }
    }
    return values;
  }

  /** Rejects a line that libpq rejects. The message does not contain the value. */
  private static void checkKeyword(String place, String keyword, boolean hasValue) {
    if (keyword.startsWith("ldap")) {
      throw new IllegalArgumentException(
          place
              + ": pghello does not look up services in LDAP: write the parameters into the file");
    }
    if (!hasValue) {
      throw new IllegalArgumentException(place + ": the line must have the form KEYWORD=VALUE");
    }
    if (keyword.equals("service")) {
      throw new IllegalArgumentException(
          place + ": a service cannot refer to another service: repeat its parameters");
    }
    if (Parameter.exists(keyword)) {
      return;
    }
    String stripped = keyword.strip();
    throw new IllegalArgumentException(
        Parameter.exists(stripped)
            ? place + ": there is a blank before the equals sign: remove it"
            : "%s: there is no parameter \"%s\": perhaps you mean \"%s\""
                .formatted(place, keyword, Parameter.nearest(stripped)));
  }

  /** Returns the bytes of the file, each as one character. */
  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot read " + file + ": " + Failure.reason(e), e);
    }
  }

  /** Returns the bytes of a text in UTF-8 as characters. */
  static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /** Returns the text of bytes in UTF-8. */
  static String decoded(String place, String bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(place + ": the value is not UTF-8 text: use UTF-8", e);
    }
  }
}
