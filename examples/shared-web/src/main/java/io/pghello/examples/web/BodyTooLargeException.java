// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.io.IOException;
import java.io.Serial;

/** The body of a request has more bytes than are read. */
final class BodyTooLargeException extends IOException {
  @Serial private static final long serialVersionUID = 1L;

  BodyTooLargeException() {
    super("the body has more bytes than web.max-body-size allows");
  }

  /** Returns whether the exception, or what caused it, is one of these. */
  static boolean caused(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof BodyTooLargeException) {
        return true;
      }
    }
    return false;
  }
}
