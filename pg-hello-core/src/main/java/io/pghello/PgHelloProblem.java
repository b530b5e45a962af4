// SPDX-License-Identifier: MIT
package io.pghello;

import java.io.Serial;
import java.io.Serializable;
import java.util.Objects;
import java.util.Set;

/**
 * The reason why a call failed or cannot succeed, or a warning, with its fix. Immutable. Two
 * problems are equal if all their values are equal.
 */
public final class PgHelloProblem implements Serializable {
  @Serial private static final long serialVersionUID = 1L;

  private final PgHelloException.Code code;
  private final String message;
  private final String remedy;

  @SuppressWarnings("serial") // the set returned by Set.copyOf is serializable
  private final Set<String> functions;

  /**
   * Creates a problem without a list of affected functions. Arguments must not be null.
   *
   * @param code the kind of problem
   * @param message a sentence that describes the problem
   * @param remedy the fix
   */
  public PgHelloProblem(PgHelloException.Code code, String message, String remedy) {
    this(code, message, remedy, Set.of());
  }

  /**
   * Creates a problem that prevents calls to functions. Arguments must not be null.
   *
   * @param code the kind of problem
   * @param message a sentence that describes the problem
   * @param remedy the fix
   * @param functions the signatures of the functions, as returned by {@link #functions()}; copied
   */
  public PgHelloProblem(
      PgHelloException.Code code, String message, String remedy, Set<String> functions) {
    this.code = Objects.requireNonNull(code, "code");
    this.message = Objects.requireNonNull(message, "message");
    this.remedy = Objects.requireNonNull(remedy, "remedy");
    this.functions = Set.copyOf(functions);
  }

  /** Returns the kind of problem. */
  public PgHelloException.Code code() {
    return code;
  }

  /** Returns a sentence that describes the problem. */
  public String message() {
    return message;
  }

  /** Returns the fix in one or two sentences, with the statement to run if there is one. */
  public String remedy() {
    return remedy;
  }

  /**
   * Returns the signatures of functions that cannot be called because of this problem, for example
   * {@code pg_hello(text,integer)}. Unmodifiable. Empty if the problem affects only your own SQL,
   * or if the problem is not caused by the installation.
   */
  public Set<String> functions() {
    return functions;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PgHelloProblem problem
        && code == problem.code
        && message.equals(problem.message)
        && remedy.equals(problem.remedy)
        && functions.equals(problem.functions);
  }

  @Override
  public int hashCode() {
    return Objects.hash(code, message, remedy, functions);
  }

  /** Returns the message and the remedy. */
  @Override
  public String toString() {
    return message + " " + remedy;
  }
}
