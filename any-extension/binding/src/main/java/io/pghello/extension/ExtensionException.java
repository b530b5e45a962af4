// SPDX-License-Identifier: MIT
package io.pghello.extension;

import java.io.Serial;

/** Thrown if an extension cannot be used. The message contains the reason and the remedy. */
public final class ExtensionException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  private final ExtensionProblem problem;

  /** Creates an exception for a problem. */
  public ExtensionException(ExtensionProblem problem) {
    super(problem.toString());
    this.problem = problem;
  }

  /** Returns the problem, with its message and remedy. */
  public ExtensionProblem problem() {
    return problem;
  }
}
