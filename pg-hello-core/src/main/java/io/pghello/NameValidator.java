// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.util.Objects;

/** Checks names before they are sent, and describes the problems with names. */
final class NameValidator {
  // A message to the server has the same limit as a value (1 GB), and contains more than the name.
  private static final int BYTES_MAX = 0x3fff_ffff - (1 << 16);

  static final String THE_NAME = "The name";

  private NameValidator() {}

  /**
   * Rejects a name that PostgreSQL's type {@code text} cannot store in any database.
   *
   * @param location a text that identifies the name in the error message; empty if there is only
   *     one name
   * @return the number of bytes of the name in UTF-8
   */
  static int check(String name, String location) {
    Objects.requireNonNull(name, location.isEmpty() ? "name" : location);
    long bytes = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == 0) {
        throw invalid(location, "the character U+0000", i);
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
          throw invalid(location, "an unpaired surrogate", i);
        }
        bytes += 4;
        i++;
      }
    }
    return checkLength(bytes, location);
  }

  /** Rejects a name that is too long for a message. */
  static int checkLength(long bytes, String location) {
    if (bytes > BYTES_MAX) {
      throw new FunctionCallException(tooLarge(location), null, null);
    }
    return (int) bytes;
  }

  /** Returns the beginning of a sentence about a name. */
  static String theName(String location) {
    return location.isEmpty() ? THE_NAME : THE_NAME + " " + location;
  }

  /** Returns a text that identifies one of many names in an error message. */
  static String location(long index) {
    return "names[" + index + "]";
  }

  /** Returns the problem with a name that the database's encoding cannot represent. */
  static CallProblem notInEncoding(String location) {
    return new CallProblem(
        Code.INVALID_ARGUMENT,
        theName(location) + " has a character that the encoding of this database cannot represent.",
        "Remove it, or use a database with the encoding UTF8.");
  }

  /** Returns the problem with a name that is too long, or that has a greeting that is too long. */
  static CallProblem tooLarge(String location) {
    return new CallProblem(
        Code.RESULT_TOO_LARGE,
        theName(location) + " or its greeting would exceed the server's limit of 1 GB for a value.",
        "Use a shorter name or a smaller count.");
  }

  private static FunctionCallException invalid(String location, String what, int index) {
    var problem =
        new CallProblem(
            Code.INVALID_ARGUMENT,
            theName(location)
                + " has "
                + what
                + " at index "
                + index
                + ", which PostgreSQL's text cannot store.",
            "Remove it before the call.");
    return new FunctionCallException(problem, null, null);
  }
}
