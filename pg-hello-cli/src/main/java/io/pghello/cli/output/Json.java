// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, numbers, truth values and texts as JSON. */
public final class Json {
  private final StringBuilder out = new StringBuilder();

  private Json() {}

  public static String write(@Nullable Object value) {
    var json = new Json();
    json.value(value, "\n");
    return json.out.toString();
  }

  private void value(@Nullable Object value, String newLine) {
    if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(separator).append(newLine).append("  ");
        text(String.valueOf(entry.getKey()));
        out.append(": ");
        value(entry.getValue(), newLine + "  ");
        separator = ",";
      }
      out.append(map.isEmpty() ? "{}" : newLine + "}");
    } else if (value instanceof Iterable<?> items) {
      String separator = "[";
      for (Object item : items) {
        out.append(separator).append(newLine).append("  ");
        value(item, newLine + "  ");
        separator = ",";
      }
      out.append(separator.equals("[") ? "[]" : newLine + "]");
    } else if (value == null || value instanceof Number || value instanceof Boolean) {
      out.append(value);
    } else {
      text(value.toString());
    }
  }

  private void text(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' '
          || (c >= 0x7f && c < 0xa0)
          || c == '\u2028'
          || c == '\u2029'
          || Character.isSurrogate(c)) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
