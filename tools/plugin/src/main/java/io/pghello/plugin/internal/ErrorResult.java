// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Converts exceptions to the JSON result of {@code execute}. */
public final class ErrorResult {
  private static final Logger LOG = System.getLogger("io.pghello.plugin");

  private ErrorResult() {}

  /** Returns the JSON result for an exception. */
  public static ObjectNode of(RuntimeException fault) {
    PostgresException e = fault instanceof PostgresException known ? known : internal(fault);
    ObjectNode answer = Json.object().put("success", false);
    ObjectNode error = answer.putObject("error");
    error.put("code", e.code().text()).put("message", e.getMessage());
    error.set("details", Json.of(e.details()));
    error.put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    return answer;
  }

  /**
   * Returns an error for a bug in the plugin, and logs the stack trace of the exception. The
   * exception's message is omitted, because it may contain data.
   */
  private static PostgresException internal(RuntimeException fault) {
    String name = fault.getClass().getName();
    var place = new IllegalStateException(name);
    place.setStackTrace(fault.getStackTrace());
    LOG.log(Level.ERROR, "Internal error in the plugin; please report it", place);
    return Failures.builder(Code.INTERNAL, "Internal error in the plugin.")
        .with(Failures.Detail.FAULT, name)
        .build();
  }
}
