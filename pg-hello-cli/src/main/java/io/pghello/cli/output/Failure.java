// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.sql.SQLException;

/** Why a command ends without having done what it is for, in one sentence for its user. */
public final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Status status;

  private Failure(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** Something has begun and does not succeed. */
  public static Failure critical(String message) {
    return new Failure(Status.CRITICAL, message);
  }

  /** Nothing has begun, as what it needs is not there. */
  public static Failure unknown(String message) {
    return new Failure(Status.UNKNOWN, message);
  }

  public static Failure of(SQLException e) {
    return new Failure(
        SqlErrors.refusesUs(e) ? Status.UNKNOWN : Status.CRITICAL, SqlErrors.message(e));
  }

  public Status status() {
    return status;
  }
}
