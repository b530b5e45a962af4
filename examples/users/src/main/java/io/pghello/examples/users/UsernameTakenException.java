// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import io.pghello.examples.web.Problems;
import java.io.Serial;
import org.hibernate.exception.ConstraintViolationException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

/** Thrown if the username is taken. */
final class UsernameTakenException extends ErrorResponseException {
  @Serial private static final long serialVersionUID = 1L;

  UsernameTakenException(DataIntegrityViolationException cause) {
    super(
        HttpStatus.CONFLICT,
        Problems.of(HttpStatus.CONFLICT, "USERNAME_TAKEN", "The username is taken."),
        cause);
  }

  /** Returns whether the database rejected a user because the username is taken. */
  static boolean caused(DataIntegrityViolationException e) {
    return e.getCause() instanceof ConstraintViolationException violation
        && "users_username_key".equals(violation.getConstraintName());
  }
}
