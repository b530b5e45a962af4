// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.sql.SQLException;

/** Reads errors of the server and the driver. */
public final class SqlErrors {
  private SqlErrors() {}

  /** Returns whether the server answers, but does not let this role in, or do this. */
  static boolean refusesUs(SQLException e) {
    String state = state(e);
    return isLogIn(state) || state.equals("42501") || state.equals("3D000");
  }

  /** Returns whether the server did not let this role in. */
  static boolean isLogIn(SQLException e) {
    return isLogIn(state(e));
  }

  private static boolean isLogIn(String state) {
    // 08004 is the driver's, as where the server asks for a password and there is none
    return state.startsWith("28") || state.equals("08004");
  }

  private static String state(SQLException e) {
    return e.getSQLState() == null ? "" : e.getSQLState();
  }

  /** Returns the first line of the server's or driver's message, with the SQLSTATE. */
  public static String message(SQLException e) {
    String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
    line = Printable.line(line);
    return state(e).isEmpty() ? line : line + " (SQLSTATE " + state(e) + ")";
  }
}
