// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.Failures;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.GT;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Says by SQLSTATE what the driver's errors mean. The driver's words are left out: they are
 * translated, and may contain data.
 */
public final class ServerErrors {
  private static final Set<String> LOST =
      Set.of("08000", "08003", "08006", "08007", "57P01", "57P02", "57P03");

  private static final String FULL = "The server has no connection left.";
  private static final String FULL_REMEDY =
      "Lower pool.max of those who use it, or raise max_connections.";

  private ServerErrors() {}

  /** Returns whether the connection is gone, which another may replace. */
  public static boolean isLost(SQLException e) {
    return LOST.contains(state(e));
  }

  /** Returns whether the server refused the log-in, so that another try is no use. */
  static boolean isRefused(SQLException e) {
    return state(e).startsWith("28");
  }

  /** Returns whether a server that starts or is full may accept the next try. */
  static boolean mayPass(SQLException e) {
    return Set.of("08001", "57P03", "53300").contains(state(e));
  }

  /** Returns what it means that no connection could be had. */
  public static PostgresException connecting(SQLException e, ConnectionConfig config) {
    if (e instanceof SQLTransientConnectionException) {
      if (e.getCause() instanceof SQLException cause) {
        return connecting(cause, config);
      }
      return Failures.of(
          Code.POOL_EXHAUSTED,
          "No connection of the pool became free within "
              + config.connectionTimeoutMillis()
              + " ms.",
          "max",
          config.max(),
          "retryable",
          true,
          "remedy",
          "Increase pool.max, or let statements take less time.");
    }
    String state = state(e);
    // the same state as that of a line in pg_hba.conf that says reject
    if (state.equals("28000") && !config.encrypted()) {
      return at(
          config,
          Code.SSL_REQUIRED,
          "The server refuses this log-in without TLS.",
          state,
          "sslOrHba",
          "Configure ssl; if the server needs none, check pg_hba.conf.");
    }
    if (state.startsWith("28")
        || (state.equals("08004") && config.password() == null && !noTls(e))) {
      return at(
          config,
          Code.AUTH_FAILED,
          "The server refuses the log-in.",
          state,
          "credentials",
          "Verify user and password, and check pg_hba.conf.");
    }
    if (noTls(e)) {
      return failed(
          config, state, "sslNotOffered", "Configure TLS on the server, or say ssl: false here.");
    }
    if (state.equals("53300")) {
      return at(config, Code.TOO_MANY_CONNECTIONS, FULL, state, "full", FULL_REMEDY);
    }
    if (state.equals("3D000")) {
      return failed(config, state, "noDatabase", "Check the name of the database, or create it.");
    }
    if (state.equals("57P03")) {
      return failed(config, state, "starting", "Wait until the server has started.");
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SSLException) {
        return failed(
            config,
            state,
            "tls",
            "Check ssl.ca, ssl.cert and ssl.key, and the server's certificate.");
      } else if (cause instanceof UnknownHostException) {
        return failed(config, state, "unknownHost", "Check host.");
      } else if (cause instanceof SocketTimeoutException) {
        return timedOut(config, state);
      } else if (cause instanceof ConnectException) {
        return failed(
            config,
            state,
            "refused",
            "Check host and port, the firewall, and that PostgreSQL runs.");
      }
    }
    if (e.getMessage() != null && e.getMessage().equals(GT.tr("Connection attempt timed out."))) {
      return timedOut(config, state);
    }
    return failed(
        config,
        state,
        config.encrypted() ? "tls" : null,
        config.encrypted()
            ? "Check ssl.ca, and that the server's certificate has the name that host says."
            : "Check host and port, the firewall, and that PostgreSQL runs.");
  }

  /**
   * How a statement ran that failed.
   *
   * @param readOnly whether the connection only reads
   * @param cancelled whether its time-out has passed
   * @param wrote whether the server may have changed something
   * @param prefix how many characters the server saw before the caller's text; negative if places
   *     in the text are not the caller's
   */
  public record Run(boolean readOnly, boolean cancelled, boolean wrote, int prefix) {
    /** Before any statement. */
    public static final Run NONE = new Run(false, false, false, -1);
  }

  /** Returns what it means that a statement failed. */
  public static PostgresException running(SQLException e, ConnectionConfig config, Run run) {
    boolean wrote = run.wrote();
    String state = state(e);
    boolean silent = e.getCause() instanceof SocketTimeoutException;
    if (state.equals("57014") || (!wrote && (silent || (run.cancelled() && isLost(e))))) {
      return Failures.of(
          Code.QUERY_TIMEOUT,
          "The statement was cancelled, as it took longer than its time-out.",
          "sqlState",
          known(state),
          "remedy",
          "Make the statement faster, or increase timeout.");
    }
    if (silent || isLost(e)) {
      return wrote
          ? Failures.of(
              Code.OUTCOME_UNKNOWN,
              "The connection was lost; the server may have done the work or not.",
              "sqlState",
              known(state),
              "remedy",
              "Look whether it is done before you repeat it.")
          : failed(config, state, "lost", "Repeat the call.");
    }
    Failure failure = failure(e, state, run.readOnly());
    ServerErrorMessage said = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
    return Failures.of(
        failure.code(),
        failure.message(),
        "sqlState",
        known(state),
        "constraint",
        said == null ? null : said.getConstraint(),
        "table",
        said == null ? null : said.getTable(),
        "column",
        said == null ? null : said.getColumn(),
        "position",
        said == null || run.prefix() < 0 || said.getPosition() <= run.prefix()
            ? null
            : said.getPosition() - run.prefix(),
        "retryable",
        failure.retryable() ? true : null,
        "remedy",
        failure.remedy());
  }

  /** What a state means. */
  private record Failure(Code code, String message, boolean retryable, String remedy) {
    static Failure of(Code code, String message, String remedy) {
      return new Failure(code, message, false, remedy);
    }

    static Failure retryable(Code code, String message, String remedy) {
      return new Failure(code, message, true, remedy);
    }
  }

  private static Failure failure(SQLException e, String state, boolean readOnly) {
    return switch (state) {
      case "40001", "40P01" ->
          Failure.retryable(
              Code.TRANSACTION_FAILED,
              "Another transaction was in the way.",
              "Repeat the whole transaction.");
      case "25P02", "25P03", "2D000" ->
          Failure.retryable(
              Code.TRANSACTION_FAILED,
              "The transaction has failed before.",
              "Roll it back, and begin again.");
      case "0A000" ->
          isStalePlan(e)
              ? Failure.retryable(
                  Code.TRANSACTION_FAILED,
                  "A table was changed during the transaction.",
                  "Repeat the whole transaction.")
              : Failure.of(
                  Code.BAD_SQL,
                  "PostgreSQL does not do this here.",
                  readOnly
                      ? "This connection runs queries alone."
                      : "Statements that change rows go to execute.");
      case "42501" ->
          Failure.of(
              Code.NOT_ALLOWED,
              "The role may not do this.",
              "Grant the role what it needs, or log in as another.");
      case "25006", "25001" ->
          Failure.of(
              Code.NOT_ALLOWED, "The connection is read-only.", "Use a connection that may write.");
      case "21000" ->
          Failure.of(
              Code.BAD_VALUE,
              "A statement would change a row twice, or took several rows for one.",
              "Send each key once.");
      case "42P01" -> Failure.of(Code.BAD_SQL, "There is no such table.", "See listTables.");
      case "42703" -> Failure.of(Code.BAD_SQL, "There is no such column.", "See describeTable.");
      case "42601" ->
          Failure.of(
              Code.BAD_SQL,
              "The SQL has a syntax error, or is no query where one is needed.",
              readOnly
                  ? "Mend it at position; this connection runs queries alone."
                  : "Mend it at position; a statement that is no query goes to execute.");
      case "42804" ->
          Failure.of(
              Code.BAD_SQL,
              "A value or a default is of another type than its column.",
              "See describeTable for types; a default that is a time is {\"fn\": \"now\"}.");
      case "53300" -> Failure.retryable(Code.TOO_MANY_CONNECTIONS, FULL, FULL_REMEDY);
      default -> ofClass(state);
    };
  }

  private static Failure ofClass(String state) {
    return switch (state.length() < 2 ? "" : state.substring(0, 2)) {
      case "23" ->
          Failure.of(
              Code.CONSTRAINT_VIOLATED,
              "A value contradicts a constraint.",
              "See constraint, or column, for which it is.");
      case "22" ->
          Failure.of(
              Code.BAD_VALUE,
              "A value does not fit, or cannot be computed with.",
              "See describeTable for types and lengths.");
      case "42" ->
          Failure.of(
              Code.BAD_SQL,
              "The SQL does not fit the database.",
              "Look up sqlState in PostgreSQL's documentation, appendix A.");
      case "54" ->
          Failure.of(Code.LIMIT_REACHED, "A limit of the server is reached.", "Send less.");
      case "55" ->
          Failure.retryable(
              Code.SERVER_ERROR,
              "Something that the statement needs is in use, or not in the right state.",
              "Repeat it later.");
      default ->
          Failure.of(
              Code.SERVER_ERROR,
              "The server could not do it.",
              "Look up sqlState in PostgreSQL's documentation, appendix A, and see its log.");
    };
  }

  /** The plan of a statement that was prepared before another session changed a table. */
  private static boolean isStalePlan(SQLException e) {
    return e instanceof PSQLException known
        && known.getServerErrorMessage() != null
        && "RevalidateCachedQuery".equals(known.getServerErrorMessage().getRoutine());
  }

  private static boolean noTls(SQLException e) {
    return e.getMessage() != null
        && e.getMessage().equals(GT.tr("The server does not support SSL."));
  }

  private static PostgresException timedOut(ConnectionConfig config, String state) {
    return failed(
        config, state, "timeout", "Increase connectionTimeoutMillis, and check the network.");
  }

  private static PostgresException failed(
      ConnectionConfig config, String state, @Nullable String reason, String remedy) {
    return at(
        config,
        Code.CONNECTION_FAILED,
        "Could not connect to PostgreSQL database",
        state,
        reason,
        remedy);
  }

  private static PostgresException at(
      ConnectionConfig config,
      Code code,
      String message,
      String state,
      @Nullable String reason,
      String remedy) {
    return Failures.of(
        code,
        message,
        "host",
        config.host(),
        "port",
        config.port(),
        "sqlState",
        known(state),
        "reason",
        reason,
        "remedy",
        remedy);
  }

  private static String state(SQLException e) {
    return e.getSQLState() == null ? "" : e.getSQLState();
  }

  private static @Nullable String known(String state) {
    return state.isEmpty() ? null : state;
  }
}
