// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.PostgresException.Reason;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Failures.Detail;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.Records;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.GT;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Converts the driver's exceptions to exceptions of the plugin, based on their SQLSTATE. Omits the
 * driver's messages, which may contain data.
 */
public final class ServerErrors {
  private static final Set<String> LOST =
      Set.of("08000", "08003", "08006", "08007", "57P01", "57P02", "57P03");

  /**
   * The server's functions that name the denied object in the message, and no data. PostgreSQL 19
   * calls do_setval SetSequence.
   */
  private static final Set<String> DENYING =
      Set.of(
          "aclcheck_error",
          "nextval_internal",
          "currval_oid",
          "lastval",
          "do_setval",
          "SetSequence",
          "inv_open");

  private static final Pattern DENIED =
      Pattern.compile("(?:permission denied for|must be owner of) (.*)", Pattern.DOTALL);

  private static final JsonNode MEANINGS = Json.resource(ServerErrors.class, "errors.json");
  private static final Function<JsonNode, Meaning> READER = Records.reader(Meaning.class);

  private ServerErrors() {}

  /**
   * Returns whether the connection was lost. If so, the statement may succeed on another
   * connection.
   */
  public static boolean isLost(SQLException e) {
    return LOST.contains(state(e));
  }

  /** Returns whether the server rejected the login. If so, a retry is pointless. */
  static boolean isRefused(SQLException e) {
    return state(e).startsWith("28");
  }

  /** Returns whether the server is unreachable, starting or full. If so, a retry may succeed. */
  static boolean mayPass(SQLException e) {
    return Set.of("08001", "57P03", "53300").contains(state(e));
  }

  /** Returns the error for a failed connection attempt. */
  public static PostgresException connecting(SQLException e, ConnectionConfig config) {
    if (!(e instanceof SQLTransientConnectionException)) {
      return refused(reason(e, config), e, config);
    } else if (e.getCause() instanceof SQLException cause) {
      return connecting(cause, config);
    }
    String message =
        "No connection in the pool became available within "
            + config.connectionTimeoutMillis()
            + " ms.";
    return Failures.builder(Code.POOL_EXHAUSTED, message)
        .with(Detail.MAX, config.max())
        .retryable()
        .remedy("Increase pool.max, or make statements faster.")
        .build();
  }

  private static Reason reason(SQLException e, ConnectionConfig config) {
    String state = state(e);
    // The server may require TLS, or a reject rule in pg_hba.conf may match.
    if (state.equals("28000") && !config.encrypted()) {
      return Reason.SSL_OR_HBA;
    } else if (is(e, "The server does not support SSL.")) {
      return Reason.SSL_NOT_OFFERED;
    } else if (state.startsWith("28") || (state.equals("08004") && config.password() == null)) {
      return Reason.CREDENTIALS;
    }
    return switch (state) {
      case "08004" -> Reason.AUTH_METHOD;
      case "53300" -> Reason.FULL;
      case "3D000" -> Reason.NO_DATABASE;
      case "57P03" -> Reason.STARTING;
      default -> unreachable(e, config);
    };
  }

  private static Reason unreachable(SQLException e, ConnectionConfig config) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SSLException) {
        return Reason.TLS;
      } else if (cause instanceof UnknownHostException) {
        return Reason.UNKNOWN_HOST;
      } else if (cause instanceof SocketTimeoutException) {
        return Reason.TIMEOUT;
      } else if (cause instanceof ConnectException) {
        return Reason.REFUSED;
      }
    }
    if (is(e, "Connection attempt timed out.")) {
      return Reason.TIMEOUT;
    }
    return config.encrypted() ? Reason.TLS : Reason.REFUSED;
  }

  private static PostgresException refused(Reason reason, SQLException e, ConnectionConfig config) {
    return meaning("reasons", reason.name())
        .error(false)
        .reason(reason)
        .with(Detail.HOST, config.host())
        .with(Detail.PORT, config.port())
        .with(Detail.SQL_STATE, e.getSQLState())
        .build();
  }

  /**
   * Circumstances of a failed statement.
   *
   * @param readOnly whether the connection is read-only
   * @param cancelled whether the timeout has expired
   * @param wrote whether the server may have changed data
   * @param place the index in the caller's text at which the plugin has inserted characters
   * @param inserted the number of these characters; negative if error positions do not refer to the
   *     caller's text
   */
  public record Run(boolean readOnly, boolean cancelled, boolean wrote, int place, int inserted) {
    /** The circumstances before any statement has run. */
    public static final Run NONE = new Run(false, false, false, 0, -1);

    /** Converts an error position to a position in the caller's text; null if there is none. */
    @Nullable Integer position(int position) {
      int after = position - inserted;
      if (inserted < 0 || position <= 0 || (position > place && after <= place)) {
        return null;
      }
      return position > place ? after : position;
    }
  }

  /** Returns the error for a failed statement. */
  public static PostgresException running(SQLException e, ConnectionConfig config, Run run) {
    boolean silent = e.getCause() instanceof SocketTimeoutException;
    boolean lost = silent || isLost(e);
    Meaning meaning = meaning(state(e));
    if (!run.wrote() && (silent || (run.cancelled() && lost))) {
      meaning = meaning("states", "57014");
    } else if (lost && run.wrote()) {
      meaning = meaning("states", "unknown");
    } else if (lost) {
      return refused(Reason.LOST, e, config);
    } else if (isFrom("RevalidateCachedQuery", e)) {
      // The statement was prepared before another session changed a table.
      meaning = meaning("states", "stale");
    } else if (isFrom("record_in", e)) {
      meaning = meaning("states", "composite");
    } else if (isFrom("json_errsave_error", e) || isFrom("json_ereport_error", e)) {
      // The second name is the function in servers before version 16.
      meaning = meaning("states", "json");
    }
    Failures.Builder error = meaning.error(run.readOnly()).with(Detail.SQL_STATE, e.getSQLState());
    if (e instanceof PSQLException known && known.getServerErrorMessage() != null) {
      ServerErrorMessage said = known.getServerErrorMessage();
      error
          .with(Detail.CONSTRAINT, said.getConstraint())
          .with(Detail.TABLE, said.getTable())
          .with(Detail.COLUMN, said.getColumn())
          .with(Detail.OBJECT, deniedObject(said))
          .with(Detail.POSITION, run.position(said.getPosition()));
    }
    return error.build();
  }

  /**
   * Returns the kind and name of the object that the role lacks a privilege on, e.g. "sequence
   * orders_id_seq". Returns null if there is no such object, or if the server's messages are not in
   * English.
   */
  private static @Nullable String deniedObject(ServerErrorMessage said) {
    Matcher denied = DENIED.matcher(String.valueOf(said.getMessage()));
    return DENYING.contains(String.valueOf(said.getRoutine())) && denied.matches()
        ? denied.group(1)
        : null;
  }

  /** The error for an SQLSTATE or a reason. The remedy may differ on read-only connections. */
  private record Meaning(
      String code,
      String message,
      String remedy,
      @Nullable String remedyReading,
      boolean retryable) {
    Failures.Builder error(boolean readOnly) {
      return Failures.builder(Code.valueOf(code), message)
          .remedy(readOnly && remedyReading != null ? remedyReading : remedy)
          .with(Detail.RETRYABLE, retryable ? true : null);
    }
  }

  /** Returns the error for an SQLSTATE, or for its class if the SQLSTATE is unknown. */
  private static Meaning meaning(String state) {
    JsonNode states = MEANINGS.get("states");
    String known = states.has(state) ? state : state.substring(0, Math.min(2, state.length()));
    return meaning("states", states.has(known) ? known : "");
  }

  private static Meaning meaning(String kind, String name) {
    return READER.apply(MEANINGS.get(kind).get(name));
  }

  /** Returns whether a specific function in the server's source reported the error. */
  private static boolean isFrom(String routine, SQLException e) {
    return e instanceof PSQLException known
        && known.getServerErrorMessage() != null
        && routine.equals(known.getServerErrorMessage().getRoutine());
  }

  /** Returns whether the driver reported an error with this message, in the current language. */
  private static boolean is(SQLException e, String words) {
    return e.getMessage() != null && e.getMessage().equals(GT.tr(words));
  }

  private static String state(SQLException e) {
    return e.getSQLState() == null ? "" : e.getSQLState();
  }
}
