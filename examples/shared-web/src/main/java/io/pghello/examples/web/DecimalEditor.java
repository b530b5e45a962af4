// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.beans.PropertyEditorSupport;
import java.util.regex.Pattern;

/**
 * Parses decimal integers in paths and queries. Spring's default editor also accepts hexadecimal
 * numbers and non-ASCII digits, and uses the first of several values. An empty text becomes null.
 */
final class DecimalEditor extends PropertyEditorSupport {
  private static final Pattern DECIMAL = Pattern.compile("0|-?[1-9][0-9]{0,9}");

  /**
   * Parses a text.
   *
   * @throws IllegalArgumentException if the text is not an integer
   */
  @Override
  public void setAsText(String text) {
    if (!text.isEmpty() && !DECIMAL.matcher(text).matches()) {
      throw new IllegalArgumentException("not a decimal integer");
    }
    setValue(text.isEmpty() ? null : Integer.valueOf(text));
  }
}
