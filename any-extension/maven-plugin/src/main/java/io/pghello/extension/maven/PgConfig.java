// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program {@code pg_config}, which names the headers and PGXS of a build.
 *
 * @param folder its working directory
 */
record PgConfig(Path path, Path folder, CommandRunner runner) {
  private static final Pattern VERSION = Pattern.compile("PostgreSQL (\\S+)");

  String query(String option) throws IOException, BuildException {
    return runner.answer(List.of(path.toString(), option), folder);
  }

  /** Returns the version of the headers, e.g. 17.5. */
  Optional<String> version() throws IOException, BuildException {
    Matcher version = VERSION.matcher(query("--version"));
    return version.find() ? Optional.of(version.group(1)) : Optional.empty();
  }

  /** Returns a program in the same directory. */
  String sibling(String program) {
    return path.resolveSibling(program).toString();
  }
}
