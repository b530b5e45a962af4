// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Oid;
import org.postgresql.jdbc.PgArray;
import org.postgresql.jdbc.PreferQueryMode;

/** Encodes the parameters and decodes the result of {@code pg_hello_all(text[], integer[])}. */
public final class HelloAllCodec {
  // of the binary format of arrays
  private static final int HEADER_BYTES = 5 * Integer.BYTES;
  private static final int DIMENSIONS = 1;
  private static final int NO_NULLS = 0;
  private static final int FIRST_INDEX = 1;

  private HelloAllCodec() {}

  /** Binds requests to the two parameters of a statement. */
  public static void bind(PreparedStatement statement, List<HelloRequest> requests)
      throws SQLException {
    Connection connection = statement.getConnection();
    statement.setArray(1, names(requests, connection));
    statement.setArray(2, repeats(requests, connection));
  }

  /** Faster than the driver, which creates an object per name and copies its bytes twice. */
  private static Array names(List<HelloRequest> requests, Connection connection)
      throws SQLException {
    if (connection.isWrapperFor(BaseConnection.class)) {
      BaseConnection driver = connection.unwrap(BaseConnection.class);
      if (driver.getPreferQueryMode() != PreferQueryMode.SIMPLE
          && driver.getEncoding().name().equals(UTF_8.name())) {
        return new PgArray(driver, Oid.TEXT_ARRAY, binary(requests));
      }
    }
    return connection.createArrayOf(
        "text", requests.stream().map(HelloRequest::name).toArray(String[]::new));
  }

  /**
   * Returns names in the binary format of arrays: a header, then the length and the bytes of each
   * name.
   */
  private static byte[] binary(List<HelloRequest> requests) {
    long length = HEADER_BYTES;
    for (HelloRequest request : requests) {
      length += Integer.BYTES + request.bytes();
    }
    ByteBuffer array = ByteBuffer.allocate(Math.toIntExact(length));
    array.putInt(DIMENSIONS).putInt(NO_NULLS).putInt(Oid.TEXT);
    array.putInt(requests.size()).putInt(FIRST_INDEX);
    for (HelloRequest request : requests) {
      array.putInt(request.bytes());
      putUtf8(array, request);
    }
    return array.array();
  }

  private static void putUtf8(ByteBuffer target, HelloRequest request) {
    String name = request.name();
    if (request.bytes() == name.length()) {
      // all characters are ASCII
      for (int i = 0; i < name.length(); i++) {
        target.put((byte) name.charAt(i));
      }
    } else {
      target.put(name.getBytes(UTF_8));
    }
  }

  /** Returns the counts; null if all use the session's setting. */
  private static @Nullable Array repeats(List<HelloRequest> requests, Connection connection)
      throws SQLException {
    @Nullable Integer @Nullable [] repeats = null;
    for (int i = 0; i < requests.size(); i++) {
      int repeat = requests.get(i).repeat();
      if (repeat != HelloRequest.AS_SET) {
        if (repeats == null) {
          repeats = new @Nullable Integer[requests.size()];
        }
        repeats[i] = repeat;
      }
    }
    return repeats == null ? null : connection.createArrayOf("int4", repeats);
  }

  /**
   * Reads the greetings from the first column of a result. Returns null unless there is one for
   * each request.
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
