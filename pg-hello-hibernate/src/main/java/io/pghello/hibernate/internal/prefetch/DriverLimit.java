// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.postgresql.util.PGPropertyMaxResultBufferParser;

/**
 * The driver's {@code maxResultBuffer}. If a result is larger, the driver closes the connection and
 * the transaction is lost.
 */
final class DriverLimit {
  private static final Pattern IN_URL = Pattern.compile("[?&]maxResultBuffer=([^&]+)");

  private DriverLimit() {}

  /**
   * Returns the maximum size, in bytes, of a result on the session's connection. Takes no round
   * trip.
   */
  static long of(SharedSessionContractImplementor session) {
    try {
      return in(
          session
              .getJdbcCoordinator()
              .getLogicalConnection()
              .getPhysicalConnection()
              .getMetaData()
              .getURL());
    } catch (SQLException e) {
      // the query will report the problem with the connection
      return Long.MAX_VALUE;
    }
  }

  static long in(String url) throws SQLException {
    Matcher limit = IN_URL.matcher(url == null ? "" : url);
    long bytes = limit.find() ? PGPropertyMaxResultBufferParser.parseProperty(limit.group(1)) : -1;
    return bytes > 0 ? bytes : Long.MAX_VALUE;
  }
}
