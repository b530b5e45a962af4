// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Errors;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Translates errors from the source of connections: no connection, or a rejected login. */
final class ConnectionErrors {
  private ConnectionErrors() {}

  /** Translates an error from the source of connections. */
  static FunctionCallException noConnection(Exception e) {
    if (SqlErrors.hasCause(e, InterruptedException.class)
        || Thread.currentThread().isInterrupted()) {
      Thread.currentThread().interrupt();
      return Errors.interrupted();
    }
    SQLException reason = innermost(e);
    if (reason != null && isRefusal(reason)) {
      return refused(reason, e);
    }
    String state = reason == null || reason.getSQLState() == null ? "" : reason.getSQLState();
    String words = sentence(reason == null ? e : reason);
    for (Throwable cause : SqlErrors.causes(e)) {
      if (cause instanceof UnknownHostException unknown) {
        return SqlErrors.of(
            new CallProblem(
                Code.CONNECTION_UNAVAILABLE,
                "Could not get a database connection: the host "
                    + unknown.getMessage()
                    + " is not known.",
                "Correct the host in the URL, or find out why its name cannot be resolved."),
            reason,
            e);
      }
    }
    return SqlErrors.of(
        new CallProblem(
            Code.CONNECTION_UNAVAILABLE,
            "Could not get a database connection: " + words,
            noConnectionRemedy(e, state)),
        reason,
        e);
  }

  private static String noConnectionRemedy(Exception e, String state) {
    if (state.equals("53300")) {
      return "Try again, reduce the size of the programs' connection pools, or raise"
          + " max_connections.";
    }
    return SqlErrors.hasCause(e, ConnectException.class)
        ? "Check the URL, and that the server is running."
        : Errors.NO_CONNECTION_REMEDY;
  }

  private static FunctionCallException refused(SQLException reason, Exception e) {
    if (isOfCertificate(reason)) {
      return SqlErrors.of(
          new CallProblem(
              Code.LOGIN_FAILED,
              "The server's certificate was rejected: " + sentence(reason),
              "Connect to the host that the certificate names, set sslrootcert to the certificate"
                  + " of the authority that issued it, or renew the server's certificate. The"
                  + " parameter sslmode determines which checks apply."),
          reason,
          e);
    }
    return SqlErrors.of(
        new CallProblem(
            Code.LOGIN_FAILED,
            "The login was rejected: " + sentence(reason),
            "Correct the user, the password or the database in the client's configuration, or"
                + " grant access on the server (pg_hba.conf, GRANT CONNECT)."),
        reason,
        e);
  }

  /**
   * Returns the innermost SQL exception, because a pool reports only that no connection is free,
   * and attaches the reason as the cause.
   */
  private static @Nullable SQLException innermost(Exception e) {
    SQLException innermost = null;
    for (Throwable cause : SqlErrors.causes(e)) {
      if (cause instanceof SQLException deeper) {
        innermost = deeper;
      }
    }
    return innermost;
  }

  /**
   * Returns whether the login was rejected for a reason that also applies to the next login. The
   * codes are 28 (invalid authorization), 08004 (the driver has no password or does not support the
   * authentication method), 3D000 (the database does not exist), and 42501 (missing privilege to
   * connect). PgBouncer reports both rejections and temporary errors with 08P01, so the message is
   * checked in that case.
   */
  private static boolean isRefusal(SQLException reason) {
    String state = reason.getSQLState() == null ? "" : reason.getSQLState();
    return state.startsWith("28")
        || (state.equals("08P01") && isRefusalOfPgBouncer(reason))
        || state.equals("08004")
        || state.equals("3D000")
        || state.equals("42501")
        || isOfCertificate(reason);
  }

  private static boolean isRefusalOfPgBouncer(SQLException reason) {
    String words = SqlErrors.serverMessage(reason);
    return words != null
        && (words.equals("no such user")
            || words.endsWith("authentication failed")
            || words.startsWith("permission denied for database"));
  }

  /**
   * Returns whether the driver does not trust the server's certificate, or the certificate belongs
   * to another host. There is no exception type for the second case, but in every language the
   * message contains the name of the host verifier.
   */
  private static boolean isOfCertificate(SQLException reason) {
    return SqlErrors.hasCause(reason, CertificateException.class)
        || (SqlErrors.isOfPgjdbc(reason)
            && SqlErrors.reported(reason) == null
            && String.valueOf(reason.getMessage()).contains("HostnameVerifier"));
  }

  /** Translates an error that occurred in the source of connections when the call timed out. */
  static FunctionCallException noConnectionWithin(Duration callTimeout, @Nullable Exception e) {
    SQLException reason = e == null ? null : innermost(e);
    if (e != null && reason != null && isRefusal(reason)) {
      return refused(reason, e);
    }
    return SqlErrors.of(Errors.noConnectionWithin(callTimeout), e, e);
  }

  private static String sentence(Throwable e) {
    String words = e instanceof SQLException reported ? SqlErrors.serverMessage(reported) : null;
    if (words == null) {
      words = e.getMessage() == null ? e.getClass().getName() : e.getMessage();
    }
    // pgjdbc mentions the plugin that provides the password, even if there is no plugin
    words = words.replace(" by plugin null", "");
    return words.endsWith(".") ? words : words + ".";
  }
}
