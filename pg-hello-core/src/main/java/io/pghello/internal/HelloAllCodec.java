// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.TextArray;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Encodes the parameters and decodes the result of {@code pg_hello_all(text[], integer[])}. */
public final class HelloAllCodec {
  private HelloAllCodec() {}

  /** Binds requests to the two parameters of a statement. */
  public static void bind(PreparedStatement statement, List<HelloRequest> requests)
      throws SQLException {
    Connection connection = statement.getConnection();
    statement.setArray(
        1, TextArray.of(connection, requests, HelloRequest::name, HelloRequest::bytes));
    statement.setArray(2, repeats(requests, connection));
  }

  /**
   * Returns the number of repetitions of each request; null if all requests use the session's
   * setting.
   */
  private static @Nullable Array repeats(List<HelloRequest> requests, Connection connection)
      throws SQLException {
    @Nullable Integer @Nullable [] repeats = null;
    for (int i = 0; i < requests.size(); i++) {
      int repeat = requests.get(i).repeat();
      if (repeat != HelloRequest.SESSION_DEFAULT) {
        if (repeats == null) {
          repeats = new @Nullable Integer[requests.size()];
        }
        repeats[i] = repeat;
      }
    }
    return repeats == null ? null : connection.createArrayOf("int4", repeats);
  }

  /**
   * Reads the greetings from the first column of a result. Returns null unless there is one
   * greeting per request.
   */
  public static String @Nullable [] read(ResultSet row, List<HelloRequest> requests)
      throws SQLException {
    Array array = row.getArray(1);
    if (array != null
        && array.getArray() instanceof String[] greetings
        && greetings.length == requests.size()) {
      return greetings;
    }
    return null;
  }

  /** Returns whether each greeting matches its request. */
  public static boolean areAnswers(List<HelloRequest> requests, String[] greetings) {
    for (int i = 0; i < greetings.length; i++) {
      if (!requests.get(i).isAnsweredBy(greetings[i])) {
        return false;
      }
    }
    return true;
  }
}
