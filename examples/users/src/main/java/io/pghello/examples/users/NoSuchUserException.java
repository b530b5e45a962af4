// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import java.io.Serial;

/** There is no user of this number. */
final class NoSuchUserException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  NoSuchUserException(int id) {
    super("there is no user " + id);
  }
}
