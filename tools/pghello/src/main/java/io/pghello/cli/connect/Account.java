// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The user of the operating system who runs this program.
 *
 * @param user the name of the user, which is the default role
 * @param home the home directory, with the same rules as in libpq
 */
record Account(String user, Path home) {
  /**
   * Returns the user of this process. Like in libpq, the home directory is {@code HOME}, or the
   * directory from the password database if this variable is not set or empty. Java's property is
   * always the latter.
   */
  static Account current(Function<String, @Nullable String> variables) {
    String home = variables.apply("HOME");
    return new Account(
        System.getProperty("user.name"),
        Path.of(home == null || home.isEmpty() ? System.getProperty("user.home") : home));
  }
}
