// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import io.pghello.examples.web.Problems;
import java.io.Serial;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

/** Thrown if there is no user with the given id. */
final class NoSuchUserException extends ErrorResponseException {
  @Serial private static final long serialVersionUID = 1L;

  NoSuchUserException() {
    super(
        HttpStatus.NOT_FOUND,
        Problems.of(HttpStatus.NOT_FOUND, "NOT_FOUND", "There is no such user."),
        null);
  }
}
