// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

/** Thrown if a preparer or script has failed. The message contains the cause. */
public final class PreparationException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception. */
  public PreparationException(String message, Throwable cause) {
    super(message, cause);
  }
}
