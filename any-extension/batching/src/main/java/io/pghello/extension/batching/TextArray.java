// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.pghello.extension.batching.internal.jdbc.TextArrays;
import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** Creates parameters of type {@code text[]} for a {@link BatchMapper}. */
public final class TextArray {
  private TextArray() {}

  /**
   * Returns an array for {@link java.sql.PreparedStatement#setArray}. Has the same effect as {@link
   * Connection#createArrayOf}, but needs less CPU time and memory. Takes no round trip.
   *
   * @param connection the statement's connection
   * @param texts the texts, without null elements; unpaired surrogates become question marks
   */
  public static Array of(Connection connection, List<String> texts) throws SQLException {
    return TextArrays.of(connection, texts, text -> text, TextArray::bytes);
  }

  /**
   * Returns an array of the texts of objects, like {@link #of(Connection, List)}, for texts with
   * known sizes.
   *
   * @param values the objects that contain the texts
   * @param text a function that returns the text of an object, not null
   * @param bytes a function that returns the number of bytes of the text in UTF-8
   */
  public static <T> Array of(
      Connection connection, List<T> values, Function<T, String> text, ToIntFunction<T> bytes)
      throws SQLException {
    return TextArrays.of(connection, values, text, bytes);
  }

  /** Returns the number of bytes of a text in UTF-8. */
  private static int bytes(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return text.getBytes(UTF_8).length;
      }
    }
    return text.length();
  }
}
