// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.io.IOException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Reads errors of the server and the driver. */
public final class SqlErrors {
  /** Consequence of a lost library that sessions load at connect, and the way back. */
  public static final String LOST_LIBRARY =
      "nobody can log in to the database but a superuser, with PGOPTIONS='-c session_preload_libraries=': put the library"
          + " back, or say ALTER DATABASE ... RESET session_preload_libraries";

  private SqlErrors() {}

  /** Returns whether the server answers, but does not let this role in, or do this. */
  static boolean refusesUs(SQLException e) {
    String state = state(e);
    return isLogIn(state) || state.equals("42501") || state.equals("3D000");
  }

  /** Returns what lets this role in; null where it is not for that that there is no connection. */
  static @Nullable String remedy(SQLException e) {
    String message = String.valueOf(e.getMessage());
    // as the setting names it; functions have it with $libdir
    if (state(e).equals("58P01") && message.contains("\"pg_hello\"")) {
      return LOST_LIBRARY;
    }
    if (message.contains("pg_hba.conf")) {
      return "the server's pg_hba.conf needs a line for this address, role and database, then pg_reload_conf(); for a line"
          + " hostssl say PGSSLMODE=require";
    }
    if (isConnection(state(e)) && message.matches("(?s).*(SSL|certificate|PKIX|[vV]erifier).*")) {
      return "PGSSLMODE says whether to encrypt, and what to check (disable, prefer, require, verify-ca, verify-full);"
          + " PGSSLROOTCERT names the certificate of who signs the server's; the server encrypts if ssl is on";
    }
    return isLogIn(state(e))
        ? "check the role, and its password in ~/.pgpass, PGPASSWORD or the service"
        : null;
  }

  private static boolean isConnection(String state) {
    return state.startsWith("08") || state.startsWith("28");
  }

  private static boolean isLogIn(String state) {
    // 08004 is the driver's, as where the server asks for a password and there is none
    return state.startsWith("28") || state.equals("08004");
  }

  private static String state(SQLException e) {
    return e.getSQLState() == null ? "" : e.getSQLState();
  }

  /** Returns the message, and what lets this role in if that is what has failed. */
  public static String explain(SQLException e) {
    String remedy = remedy(e);
    return message(e) + (remedy == null ? "" : ": " + remedy);
  }

  /** Returns the first line of the server's or driver's message, with the SQLSTATE. */
  public static String message(SQLException e) {
    String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
    if (line.equals("The connection attempt failed.") && e.getCause() instanceof IOException why) {
      line = "The connection attempt failed: " + why.getMessage();
    }
    line = Printable.line(line);
    return state(e).isEmpty() ? line : line + " (SQLSTATE " + state(e) + ")";
  }
}
