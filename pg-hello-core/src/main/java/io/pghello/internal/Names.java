// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloProblem;
import java.util.Objects;

/** What a name may be. */
public final class Names {
  private Names() {}

  /** Refuses what PostgreSQL's type text cannot hold in any database. */
  public static void check(String name) {
    Objects.requireNonNull(name, "name");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == 0) {
        throw invalid("the character U+0000", i);
      }
      if (Character.isSurrogate(c)) {
        if (Character.isLowSurrogate(c)
            || i + 1 == name.length()
            || !Character.isLowSurrogate(name.charAt(i + 1))) {
          throw invalid("an unpaired surrogate", i);
        }
        i++;
      }
    }
  }

  private static PgHelloException invalid(String what, int index) {
    return new PgHelloException(
        new PgHelloProblem(
            Code.INVALID_NAME,
            "The name has "
                + what
                + " at index "
                + index
                + ", which PostgreSQL's text cannot hold.",
            "Remove it before the call."),
        null,
        null);
  }
}
