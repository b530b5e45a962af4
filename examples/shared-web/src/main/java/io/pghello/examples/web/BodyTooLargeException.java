// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.io.IOException;
import java.io.Serial;

/** Thrown if a request's body exceeds the limit. */
final class BodyTooLargeException extends IOException {
  @Serial private static final long serialVersionUID = 1L;

  BodyTooLargeException() {
    super("the body has more bytes than web.max-body-size allows");
  }

  /** Returns whether an exception or one of its causes is a {@link BodyTooLargeException}. */
  static boolean caused(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof BodyTooLargeException) {
        return true;
      }
    }
    return false;
  }
}
