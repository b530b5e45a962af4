// SPDX-License-Identifier: MIT
package io.pghello.internal.jdbc;

import io.pghello.internal.Errors;
import io.pghello.internal.HelloRequest;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** The parameters and the answer of {@code pg_hello_all(text[], integer[])}. */
public final class HelloAllCodec {
  private HelloAllCodec() {}

  /** Binds requests to the two parameters of a statement. */
  public static void bind(PreparedStatement statement, List<HelloRequest> requests)
      throws SQLException {
    var names = new String[requests.size()];
    var repeats = new Integer[names.length];
    boolean asSet = true;
    for (int i = 0; i < names.length; i++) {
      HelloRequest request = requests.get(i);
      names[i] = request.name();
      if (request.repeat() != HelloRequest.AS_SET) {
        repeats[i] = request.repeat();
        asSet = false;
      }
    }
    Connection connection = statement.getConnection();
    statement.setArray(1, connection.createArrayOf("text", names));
    statement.setArray(2, asSet ? null : connection.createArrayOf("int4", repeats));
  }

  /**
   * Reads the greetings from the first column of an answer; throws unless there is one for each
   * request.
   */
  public static String[] read(ResultSet row, List<HelloRequest> requests) throws SQLException {
    Array array = row.getArray(1);
    if (array != null
        && array.getArray() instanceof String[] greetings
        && greetings.length == requests.size()) {
      return greetings;
    }
    throw Errors.mismatch();
  }

  /** Throws if a greeting does not answer its request. */
  public static void verify(List<HelloRequest> requests, String[] greetings) {
    for (int i = 0; i < greetings.length; i++) {
      if (!requests.get(i).isAnsweredBy(greetings[i])) {
        throw Errors.mismatch();
      }
    }
  }
}
