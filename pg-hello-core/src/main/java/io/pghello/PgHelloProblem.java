// SPDX-License-Identifier: MIT
package io.pghello;

import java.io.Serializable;
import java.util.Objects;

/**
 * Something that stands in the way of using the extension, and what mends it.
 *
 * @param code what kind of problem it is
 * @param message one sentence that says what is wrong
 * @param remedy one or two sentences that say what to do, with the statement to run where there is
 *     one
 */
public record PgHelloProblem(PgHelloException.Code code, String message, String remedy)
    implements Serializable {
  /** Creates a problem; nothing of it is null. */
  public PgHelloProblem {
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(remedy, "remedy");
  }

  /** Returns the message and the remedy. */
  @Override
  public String toString() {
    return message + " " + remedy;
  }
}
