// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.sql.SQLException;

/** Why a command ends without having done what it is for, in one sentence for its user. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Status status;

  private Failure(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** Something has begun and does not succeed. */
  static Failure critical(String message) {
    return new Failure(Status.CRITICAL, message);
  }

  /** Nothing has begun, as what it needs is not there. */
  static Failure unknown(String message) {
    return new Failure(Status.UNKNOWN, message);
  }

  static Failure of(SQLException e) {
    return new Failure(
        Findings.refusesUs(e) ? Status.UNKNOWN : Status.CRITICAL, Findings.message(e));
  }

  Status status() {
    return status;
  }
}
