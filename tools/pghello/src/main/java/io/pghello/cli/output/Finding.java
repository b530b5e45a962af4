// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import org.jspecify.annotations.Nullable;

/** The result of one check, with its remedy. */
public record Finding(Status status, String check, String text, @Nullable String remedy) {
  public static Finding ok(String check, String text) {
    return new Finding(Status.OK, check, text, null);
  }
}
