// SPDX-License-Identifier: MIT
package io.pghello;

import static io.pghello.PgHelloClientIT.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.Superuser;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Makes many calls in a single session. */
@PgHelloTest
class LongSessionIT {
  private static final long SLACK_BYTES = 1 << 20;

  @Tag("long")
  @Test
  @Timeout(1_800)
  void aHundredMillionCallsKeepNoMemory(@Superuser DataSource superuser) throws SQLException {
    try (Connection connection = superuser.getConnection()) {
      call(connection, 100_000);
      long before = bytes(connection);
      call(connection, 100_000_000);
      assertThat(bytes(connection)).isLessThan(before + SLACK_BYTES);
    }
  }

  /** The server computes the numbers one by one, and does not store them. */
  private static void call(Connection connection, int calls) throws SQLException {
    assertThat(
            ask(
                connection,
                "SELECT count(pg_hello(i::text, 2)) + count(now_ms()) FROM (SELECT"
                    + " generate_series(1, "
                    + calls / 2
                    + ") AS i) numbers"))
        .isEqualTo(Integer.toString(calls));
  }

  private static long bytes(Connection connection) throws SQLException {
    return 1024
        * Long.parseLong(
            ask(
                connection,
                "SELECT substring(pg_read_file('/proc/self/status') FROM"
                    + " 'RssAnon:\\s*(\\d+) kB')"));
  }
}
