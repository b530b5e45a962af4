// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

/**
 * A place in a statement.
 *
 * @param jdbc the index in the statement with question marks
 * @param text the index in the caller's text
 */
public record Place(int jdbc, int text) {
  /** The beginning of a statement. */
  public static final Place START = new Place(0, 0);
}
