// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The greeting that each server returns. */
final class Greeting {
  static final String TEXT = "Hello, Ada!";

  private Greeting() {}

  /** Returns the greeting of the extension. */
  static String of(Connection connection) throws SQLException {
    return Sql.text(connection, "SELECT pg_hello('Ada')");
  }

  /** Throws if a server has returned another greeting. */
  static void require(@Nullable String answer) {
    if (!TEXT.equals(answer)) {
      throw new IllegalStateException("expected \"" + TEXT + "\", but got \"" + answer + "\"");
    }
  }
}
