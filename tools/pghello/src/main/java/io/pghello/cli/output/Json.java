// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.jr.ob.JSON;

/** Writes records, maps, lists, numbers, booleans and strings as JSON. */
public final class Json {
  private static final JSON WRITER = JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES);

  // Characters that are valid in JSON but unsafe on a terminal, and unpaired surrogates.
  private static final Pattern CONTROL =
      Pattern.compile("[\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]");

  private Json() {}

  /** Returns indented JSON. */
  public static String write(@Nullable Object value) {
    return write(value, new DefaultIndenter("  ", "\n"));
  }

  /** Returns JSON on a single line, for the JSON Lines format. */
  public static String line(@Nullable Object value) {
    return write(value, new DefaultPrettyPrinter.NopIndenter());
  }

  private static String write(@Nullable Object value, DefaultPrettyPrinter.Indenter indenter) {
    var separators =
        Separators.createDefaultInstance()
            .withObjectNameValueSpacing(Separators.Spacing.AFTER)
            .withObjectEmptySeparator("")
            .withArrayEmptySeparator("");
    PrettyPrinter printer =
        new DefaultPrettyPrinter(separators)
            .withArrayIndenter(indenter)
            .withObjectIndenter(indenter);
    return TerminalText.escaped(CONTROL, WRITER.with(printer).asString(plain(value)));
  }

  private static @Nullable Object plain(@Nullable Object value) {
    if (value instanceof Table table) {
      return plain(table.toMaps());
    }
    if (value instanceof Record record) {
      return plain(Records.map(record));
    }
    if (value instanceof Map<?, ?> map) {
      var plain = new LinkedHashMap<String, @Nullable Object>();
      map.forEach((key, one) -> plain.put(String.valueOf(key), plain(one)));
      return plain;
    }
    if (value instanceof Collection<?> items) {
      var plain = new ArrayList<@Nullable Object>();
      items.forEach(item -> plain.add(plain(item)));
      return plain;
    }
    return value == null || value instanceof Number || value instanceof Boolean
        ? value
        : value.toString();
  }
}
