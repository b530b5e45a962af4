// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.pghello.PgHelloException;
import org.jspecify.annotations.Nullable;

/** The value of the tag {@code outcome}. */
final class Outcome {
  static final String SUCCESS = "SUCCESS";

  private Outcome() {}

  /** Returns the value for a call or statement that ended with this error; null if with none. */
  static String of(@Nullable PgHelloException error) {
    return error == null ? SUCCESS : error.code().name();
  }
}
