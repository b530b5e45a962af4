// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.PostgresException.Reason;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes the plugin's errors, and JSON of them. */
public final class Failures {
  private static final Logger LOG = System.getLogger("io.pghello.plugin");

  private Failures() {}

  /** Detail of an error, beside its code and its message, which has no data. */
  public enum Detail {
    HOST,
    PORT,
    SQL_STATE,
    CONSTRAINT,
    TABLE,
    COLUMN,
    POSITION,
    MAX,
    MAX_BYTES,
    POOLS,
    CONNECTIONS,
    LIMIT,
    CAUSE,
    FAULT,
    REASON,
    RETRYABLE,
    REMEDY
  }

  /** An error to which details are added. For one thread. */
  public static final class Builder {
    private final Code code;
    private final String message;
    private final Map<Detail, Object> details = new EnumMap<>(Detail.class);
    private @Nullable Reason reason;

    private Builder(Code code, String message) {
      this.code = code;
      this.message = message;
    }

    /** Adds a detail, unless it is null. */
    public Builder with(Detail detail, @Nullable Object value) {
      if (value != null) {
        details.put(detail, value);
      }
      return this;
    }

    /** Adds why, unless it is null. */
    public Builder reason(@Nullable Reason reason) {
      this.reason = reason;
      return with(Detail.REASON, reason == null ? null : reason.text());
    }

    /** Adds that the same call may succeed if it is made again. */
    public Builder retryable() {
      return with(Detail.RETRYABLE, true);
    }

    /** Adds what to do about it. */
    public Builder remedy(String remedy) {
      return with(Detail.REMEDY, remedy);
    }

    /** Returns the error. */
    public PostgresException build() {
      Map<String, Object> named = new LinkedHashMap<>();
      details.forEach((detail, value) -> named.put(Texts.camelCase(detail), value));
      return new PostgresException(code, message, reason, named);
    }
  }

  /** Begins an error that has details. */
  public static Builder builder(Code code, String message) {
    return new Builder(code, message);
  }

  /** Returns an error without details. */
  public static PostgresException of(Code code, String message) {
    return builder(code, message).build();
  }

  /** Returns an error, and what to do about it. */
  public static PostgresException withRemedy(Code code, String message, String remedy) {
    return builder(code, message).remedy(remedy).build();
  }

  /** Returns an error of a caller who sent what the operation does not take. */
  public static PostgresException badRequest(String message) {
    return of(Code.BAD_REQUEST, message);
  }

  /** Returns an error of a configuration that cannot be, and what to do about it. */
  public static PostgresException badConfig(String message, String remedy) {
    return withRemedy(Code.BAD_CONFIG, message, remedy);
  }

  /** Returns an error of a fault of the plugin, and logs where it is; its words may have data. */
  private static PostgresException internal(RuntimeException fault) {
    String name = fault.getClass().getName();
    var place = new IllegalStateException(name);
    place.setStackTrace(fault.getStackTrace());
    LOG.log(Level.ERROR, "The plugin has a fault; please report it", place);
    return builder(Code.INTERNAL, "The plugin has a fault.").with(Detail.FAULT, name).build();
  }

  /** Returns what the dynamic calls answer for an error. */
  public static ObjectNode toJson(RuntimeException fault) {
    PostgresException e = fault instanceof PostgresException known ? known : internal(fault);
    ObjectNode answer = Json.object().put("success", false);
    ObjectNode error = answer.putObject("error");
    error.put("code", e.code().text()).put("message", e.getMessage());
    error.set("details", Json.of(e.details()));
    error.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    return answer;
  }
}
