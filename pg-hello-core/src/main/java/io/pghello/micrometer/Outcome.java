// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.pghello.PgHelloException;
import io.pghello.extension.batching.internal.micrometer.Meters;
import org.jspecify.annotations.Nullable;

/** The value of the tag {@code outcome}. */
final class Outcome {
  private Outcome() {}

  /**
   * Returns the value for a call or statement.
   *
   * @param error the error; null if the call or statement succeeded
   */
  static String of(@Nullable PgHelloException error) {
    return error == null ? Meters.SUCCESS : error.code().name();
  }
}
