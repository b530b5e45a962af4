// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.io.Serial;
import java.io.Serializable;
import java.util.Objects;
import java.util.Set;

/**
 * The reason why a call failed, or cannot succeed, and its remedy. Immutable.
 *
 * @param code the kind of the problem
 * @param message the problem in one sentence
 * @param remedy the remedy in one or two sentences; may be empty
 * @param functions the signatures of the functions that cannot be called because of the way the
 *     extension is installed, e.g. {@code acme_distance(double precision[])}; copied
 */
public record CallProblem(
    FunctionCallException.Code code,
    String message,
    String remedy,
    @SuppressWarnings("serial") Set<String> functions) // what Set.copyOf returns is serializable
    implements Serializable {
  @Serial private static final long serialVersionUID = 1L;

  /** Checks and copies the parts. */
  public CallProblem {
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(remedy, "remedy");
    functions = Set.copyOf(functions);
  }

  /** Creates a problem that does not depend on the installation of a function. */
  public CallProblem(FunctionCallException.Code code, String message, String remedy) {
    this(code, message, remedy, Set.of());
  }

  /** Returns the message and the remedy. */
  @Override
  public String toString() {
    return message + " " + remedy;
  }
}
