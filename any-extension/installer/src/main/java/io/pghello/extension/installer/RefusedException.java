// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

/** Nothing was changed, for a reason that the message tells, with what helps. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  RefusedException(String message) {
    super(message);
  }
}
