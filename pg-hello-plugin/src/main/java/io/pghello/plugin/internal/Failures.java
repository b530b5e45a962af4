// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes the plugin's errors, and JSON of them. */
public final class Failures {
  private static final Logger LOG = System.getLogger("io.pghello.plugin");

  private Failures() {}

  /**
   * Returns an error.
   *
   * @param details names and values in turn; those that are null are left out
   */
  public static PostgresException of(Code code, String message, @Nullable Object... details) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < details.length; i += 2) {
      Object value = details[i + 1];
      if (value != null) {
        map.put(String.valueOf(details[i]), value);
      }
    }
    return new PostgresException(code, message, map);
  }

  /** Returns an error, and what to do about it. */
  public static PostgresException withRemedy(Code code, String message, String remedy) {
    return of(code, message, "remedy", remedy);
  }

  /** Returns an error of a caller who sent what the operation does not take. */
  public static PostgresException badRequest(String message) {
    return of(Code.BAD_REQUEST, message);
  }

  /** Returns an error of a fault of the plugin, and logs where it is; its words may have data. */
  public static PostgresException internal(RuntimeException fault) {
    String name = fault.getClass().getName();
    var place = new IllegalStateException(name);
    place.setStackTrace(fault.getStackTrace());
    LOG.log(Level.ERROR, "The plugin has a fault; please report it", place);
    return of(Code.INTERNAL, "The plugin has a fault.", "fault", name);
  }

  /** Returns what the dynamic calls answer for an error. */
  public static ObjectNode toJson(PostgresException e) {
    ObjectNode answer = Json.object().put("success", false);
    ObjectNode error = answer.putObject("error");
    error.put("code", e.code().text()).put("message", e.getMessage());
    error.set("details", Json.of(e.details()));
    error.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    return answer;
  }
}
