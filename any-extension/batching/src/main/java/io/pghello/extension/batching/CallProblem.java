// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import java.io.Serial;
import java.io.Serializable;
import java.util.Objects;
import java.util.Set;

/**
 * The reason why a call failed or cannot succeed, and the remedy. Immutable.
 *
 * @param code the kind of problem
 * @param message a description of the problem
 * @param remedy a description of the remedy; may be empty
 * @param functions the signatures of the functions that an installation problem makes unavailable,
 *     e.g. {@code acme_distance(double precision[])}; empty for other problems; the set is copied
 */
public record CallProblem(
    FunctionCallException.Code code,
    String message,
    String remedy,
    @SuppressWarnings("serial") Set<String> functions) // Set.copyOf is serializable
    implements Serializable {
  @Serial private static final long serialVersionUID = 1L;

  /** Validates the components and copies the functions. */
  public CallProblem {
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(remedy, "remedy");
    functions = Set.copyOf(functions);
  }

  /** Creates a problem that is not caused by the extension's installation. */
  public CallProblem(FunctionCallException.Code code, String message, String remedy) {
    this(code, message, remedy, Set.of());
  }

  /** Returns the message and the remedy. */
  @Override
  public String toString() {
    return message + " " + remedy;
  }
}
