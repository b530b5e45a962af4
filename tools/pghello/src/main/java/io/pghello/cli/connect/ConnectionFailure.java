// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.SqlErrors;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.GT;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;

/** Decides after a failed attempt to connect which attempts follow, as libpq does. */
final class ConnectionFailure {
  private static final String CANNOT_CONNECT_NOW = "57P03";

  private static final Pattern REJECTION =
      Pattern.compile("fatal alert: (?:[a-z_]*certificate[a-z_]*|unknown_ca|access_denied)");

  private static final Set<String> WARNINGS = ConcurrentHashMap.newKeySet();

  private ConnectionFailure() {}

  /** Returns whether the next host is tried, because this one is not available. */
  static boolean allowsOtherHost(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return state.equals(CANNOT_CONNECT_NOW)
        || e.getCause() instanceof SocketTimeoutException
        || (state.equals(PSQLState.CONNECTION_UNABLE_TO_CONNECT.getState())
            && !(e.getCause() instanceof SSLException));
  }

  /**
   * Returns whether the modes {@code allow} and {@code prefer} try the same host again, with or
   * without TLS.
   *
   * @param mode the driver's mode in the failed attempt
   */
  static boolean allowsOtherMode(SQLException e, String mode) {
    if (e instanceof PSQLException server && server.getServerErrorMessage() != null) {
      return String.valueOf(e.getSQLState()).startsWith("28");
    }
    return !mode.equals("disable") && (isWithoutTls(e) || isTlsFailure(e));
  }

  private static boolean isWithoutTls(SQLException e) {
    return GT.tr("The server does not support SSL.").equals(e.getMessage());
  }

  private static boolean isTlsFailure(SQLException e) {
    return PSQLState.CONNECTION_FAILURE.getState().equals(e.getSQLState())
        && !(e.getCause() instanceof SocketTimeoutException)
        && !(reason(e) instanceof Failure)
        && !isRejection(e);
  }

  /**
   * Returns whether the server has ended the handshake, for example because it rejects the client
   * certificate. In TLS 1.3, this may arrive during or after the handshake. libpq receives it
   * afterwards, and does not try again without TLS. It does in TLS 1.2, but then a certificate that
   * expires would turn off the encryption.
   */
  private static boolean isRejection(SQLException e) {
    for (Throwable each = e.getCause(); each != null; each = each.getCause()) {
      if (each instanceof SocketException
          || (each instanceof SSLException
              && REJECTION.matcher(String.valueOf(each.getMessage())).find())) {
        return true;
      }
    }
    return false;
  }

  /** Returns the exception of {@link TlsSocketFactory}; null if there is none. */
  private static @Nullable RuntimeException reason(SQLException e) {
    for (Throwable each = e.getCause(); each != null; each = each.getCause()) {
      if (each instanceof Failure || each instanceof IllegalArgumentException) {
        return (RuntimeException) each;
      }
    }
    return null;
  }

  /**
   * Returns the exception to throw after the last attempt.
   *
   * @param first the failure of the other attempt; null if there was only one
   * @param mode the driver's mode in the last attempt
   * @throws Failure if a file cannot be used
   */
  static SQLException mostUseful(@Nullable SQLException first, SQLException last, String mode) {
    SQLException useful = last;
    SQLException other = first;
    if (first != null && !isWithoutTls(first) && (mode.equals("disable") || isWithoutTls(last))) {
      useful = first;
      other = last;
    }
    RuntimeException reason = reason(useful);
    if (reason instanceof Failure) {
      throw reason;
    }
    if (reason != null) {
      throw Failure.unknown(String.valueOf(reason.getMessage()));
    }
    if (other != null) {
      useful.addSuppressed(other);
    }
    return useful;
  }

  /** Prints once why a connection does not use TLS, unless the server does not support it. */
  static void warnAboutTls(SQLException e) {
    if (isTlsFailure(e)) {
      RuntimeException reason = reason(e);
      String warning =
          "connected without TLS: " + (reason == null ? SqlErrors.explain(e) : reason.getMessage());
      if (WARNINGS.add(warning)) {
        System.err.println("pghello: " + warning);
      }
    }
  }
}
