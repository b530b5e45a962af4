// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.beans.PropertyEditorSupport;
import java.util.regex.Pattern;

/**
 * Reads an integer of a request's path or query as people write it: what Spring reads by itself may
 * be hexadecimal, of other digits, or the first of several. No text is no number, and null.
 */
final class DecimalEditor extends PropertyEditorSupport {
  private static final Pattern DECIMAL = Pattern.compile("0|-?[1-9][0-9]{0,9}");

  /**
   * Reads a text.
   *
   * @throws IllegalArgumentException if it is no integer
   */
  @Override
  public void setAsText(String text) {
    if (!text.isEmpty() && !DECIMAL.matcher(text).matches()) {
      throw new IllegalArgumentException("no decimal integer");
    }
    setValue(text.isEmpty() ? null : Integer.valueOf(text));
  }
}
