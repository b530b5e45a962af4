// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.report;

import com.samskivert.mustache.Escapers;
import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import io.pghello.benchmarks.harness.Spread;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * The templates beside this class, with the styles that they include. Figures are rounded, a spread
 * is its quartiles, and what is not there is a dash.
 */
final class Templates {
  static final String NONE = "–";

  private static final Mustache.Compiler COMPILER =
      Mustache.compiler()
          .emptyStringIsFalse(true)
          .nullValue(NONE)
          .withFormatter(Templates::text)
          .withEscaper(text -> Escapers.HTML.escape(withoutControlCharacters(text)))
          .withLoader(name -> new StringReader(resource(name).strip()));

  private Templates() {}

  static Template compile(String name) {
    return COMPILER.compile(resource(name));
  }

  static String resource(String name) {
    try (InputStream file = Templates.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(file, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Object value) {
    return value instanceof Double figure
        ? TextTable.figure(figure)
        : value instanceof Spread spread ? ResultText.of(spread) : String.valueOf(value);
  }

  /** XML cannot say them at all. */
  private static String withoutControlCharacters(String text) {
    return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\uFFFD");
  }
}
