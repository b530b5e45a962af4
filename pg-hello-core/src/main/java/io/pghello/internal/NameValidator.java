// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import java.util.Objects;

/** Checks names before they are sent. */
public final class NameValidator {
  // A message to the server is limited as a value is, to 1 GB, and has other things in it.
  private static final int BYTES_MAX = 0x3fff_ffff - (1 << 16);

  private NameValidator() {}

  /**
   * Refuses what PostgreSQL's type text cannot hold in any database.
   *
   * @param where what goes into the error to find the name by; empty if there is but one
   * @return the length in UTF-8
   */
  static int check(String name, String where) {
    Objects.requireNonNull(name, where.isEmpty() ? "name" : where);
    long bytes = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == 0) {
        throw invalid(where, "the character U+0000", i);
      }
      if (c < 0x80) {
        bytes++;
      } else if (c < 0x800) {
        bytes += 2;
      } else if (!Character.isSurrogate(c)) {
        bytes += 3;
      } else {
        if (Character.isLowSurrogate(c)
            || i + 1 == name.length()
            || !Character.isLowSurrogate(name.charAt(i + 1))) {
          throw invalid(where, "an unpaired surrogate", i);
        }
        bytes += 4;
        i++;
      }
    }
    return checkLength(bytes, where);
  }

  /** Refuses what fits into no message. */
  static int checkLength(long bytes, String where) {
    if (bytes > BYTES_MAX) {
      throw HelloErrors.of(HelloErrors.problem(HelloErrors.tooLarge(where)));
    }
    return (int) bytes;
  }

  /** Returns the beginning of a sentence about a name. */
  static String theName(String where) {
    return where.isEmpty() ? "The name" : "The name " + where;
  }

  /** Returns what goes into an error to find one of many names by. */
  public static String where(long index) {
    return "names[" + index + "]";
  }

  private static PgHelloException invalid(String where, String what, int index) {
    return HelloErrors.of(
        new PgHelloProblem(
            Code.INVALID_NAME,
            theName(where)
                + " has "
                + what
                + " at index "
                + index
                + ", which PostgreSQL's text cannot hold.",
            "Remove it before the call."));
  }
}
