// SPDX-License-Identifier: MIT
package io.pghello.extension;

import java.io.Serial;

/** An extension cannot be used. The message says why, and what mends it. */
public final class ExtensionException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  private final ExtensionProblem problem;

  /** Creates an exception of a problem. */
  public ExtensionException(ExtensionProblem problem) {
    super(problem.toString());
    this.problem = problem;
  }

  /** Returns what went wrong, in words, and what to do about it. */
  public ExtensionProblem problem() {
    return problem;
  }
}
