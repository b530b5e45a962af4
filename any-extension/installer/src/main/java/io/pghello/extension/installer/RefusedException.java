// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

/**
 * Thrown if the installer does not perform an action and has changed nothing. The message contains
 * the reason and the fix.
 */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  RefusedException(String message) {
    super(message);
  }
}
