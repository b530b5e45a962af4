// SPDX-License-Identifier: MIT
package io.pghello;

import java.io.Serial;
import java.io.Serializable;
import java.util.Objects;
import java.util.Set;

/**
 * Something that stands in the way of using the extension, or a warning, and what mends it.
 * Immutable; two are equal if all that they say is.
 */
public final class PgHelloProblem implements Serializable {
  @Serial private static final long serialVersionUID = 1L;

  private final PgHelloException.Code code;
  private final String message;
  private final String remedy;

  @SuppressWarnings("serial") // what Set.copyOf returns is serializable
  private final Set<String> functions;

  /**
   * Creates a problem that keeps no function from being called; nothing of it is null.
   *
   * @param code what kind of problem it is
   * @param message one sentence that says what is wrong
   * @param remedy what to do about it
   */
  public PgHelloProblem(PgHelloException.Code code, String message, String remedy) {
    this(code, message, remedy, Set.of());
  }

  /**
   * Creates a problem that keeps functions from being called; nothing of it is null.
   *
   * @param code what kind of problem it is
   * @param message one sentence that says what is wrong
   * @param remedy what to do about it
   * @param functions the signatures of the functions, as {@link #functions()} returns them; copied
   */
  public PgHelloProblem(
      PgHelloException.Code code, String message, String remedy, Set<String> functions) {
    this.code = Objects.requireNonNull(code, "code");
    this.message = Objects.requireNonNull(message, "message");
    this.remedy = Objects.requireNonNull(remedy, "remedy");
    this.functions = Set.copyOf(functions);
  }

  /** Returns what kind of problem it is. */
  public PgHelloException.Code code() {
    return code;
  }

  /** Returns one sentence that says what is wrong. */
  public String message() {
    return message;
  }

  /**
   * Returns one or two sentences that say what to do, with the statement to run where there is one.
   */
  public String remedy() {
    return remedy;
  }

  /**
   * Returns the signatures of the extension's functions that cannot be called because of the way it
   * is installed, as in {@code pg_hello(text,integer)}; unmodifiable. It is empty if only SQL of
   * the program's own is concerned, and for problems that have another cause.
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
