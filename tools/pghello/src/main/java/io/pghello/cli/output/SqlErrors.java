// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.io.IOException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Interprets errors of the server and the driver. */
public final class SqlErrors {
  /** The effect of a missing library that sessions try to load at connect, and the fix. */
  public static final String LOST_LIBRARY =
      "only a superuser who sets PGOPTIONS='-c session_preload_libraries=' can connect to "
          + "this database: reinstall the library, or run ALTER DATABASE ... RESET "
          + "session_preload_libraries";

  private SqlErrors() {}

  /**
   * Returns whether the server rejected the login, the database does not exist, or the role lacks a
   * privilege.
   */
  static boolean isRejection(SQLException e) {
    String state = state(e);
    return isLoginFailure(state) || state.equals("42501") || state.equals("3D000");
  }

  /**
   * Returns the fix for a missing library, or for a failed login or TLS connection; null for other
   * errors.
   */
  static @Nullable String remedy(SQLException e) {
    String message = message(e);
    // The library's name contains $libdir in function definitions, but not in settings.
    if (state(e).equals("58P01") && message.contains("\"pg_hello\"")) {
      return LOST_LIBRARY;
    }
    if (message.contains("pg_hba.conf")) {
      return "the server's pg_hba.conf needs a line for this address, role and database, and a "
          + "reload with pg_reload_conf(); if the line exists but begins with hostssl, set "
          + "PGSSLMODE=require";
    }
    if (isConnection(state(e))
        && message.matches("(?s).*fatal alert: ([a-z_]*certificate[a-z_]*|unknown_ca).*")) {
      return "set PGSSLCERT and PGSSLKEY to a valid certificate of an authority in the server's "
          + "ssl_ca_file, because the server rejected the client certificate";
    }
    if (isConnection(state(e)) && message.matches("(?s).*(SSL|certificate|PKIX|[vV]erifier).*")) {
      return "set PGSSLMODE to the required encryption and verification (disable, prefer, "
          + "require, verify-ca, verify-full), and PGSSLROOTCERT to the CA certificate of "
          + "the server; the server supports TLS only if ssl is on";
    }
    return isLoginFailure(state(e))
        ? "check the role, and its password in ~/.pgpass, PGPASSWORD or the service"
        : null;
  }

  private static boolean isConnection(String state) {
    return state.startsWith("08") || state.startsWith("28");
  }

  private static boolean isLoginFailure(String state) {
    // The driver uses 08004, for example if the server requests a password but none is set.
    return state.startsWith("28") || state.equals("08004");
  }

  private static String state(SQLException e) {
    return e.getSQLState() == null ? "" : e.getSQLState();
  }

  /** Returns the message, followed by the fix if there is one. */
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
    line = TerminalText.line(line);
    return state(e).isEmpty() ? line : line + " (SQLSTATE " + state(e) + ")";
  }
}
