// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs make with the user's variables, and logs its output to {@code make.log}. */
final class MakeCommand {
  /** A variable on make's command line. */
  private static final Pattern VARIABLE = Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)=.*");

  /** The variables that the plugin passes to make. */
  private static final Set<String> OF_PLUGIN =
      Set.of("PG_CONFIG", "USE_PGXS", "with_llvm", "COPT", "CXX", "DESTDIR", "PROGRAM");

  private final CommandRunner runner;
  private final @Nullable OtherPlatform other;
  private final List<String> variables = new ArrayList<>();

  /** Creates a command; {@code other} is null for this machine's platform. */
  MakeCommand(CommandRunner runner, @Nullable OtherPlatform other) {
    this.runner = runner;
    this.other = other;
  }

  /**
   * Adds variables to all calls of make.
   *
   * @throws IllegalArgumentException if an argument is not a variable, or one that the plugin sets
   */
  void addVariables(List<String> arguments) {
    for (String argument : arguments) {
      Matcher variable = VARIABLE.matcher(argument);
      if (!variable.matches()) {
        throw new IllegalArgumentException(
            "makeArguments must have the form NAME=VALUE, but there is " + argument);
      }
      if (OF_PLUGIN.contains(variable.group(1))) {
        throw new IllegalArgumentException(
            "The plugin sets the variable " + variable.group(1) + ": remove it from makeArguments");
      }
    }
    variables.addAll(arguments);
  }

  List<String> variables() {
    return variables;
  }

  /**
   * Returns a make command. Sets USE_PGXS, because a Makefile in the style of PostgreSQL's contrib
   * modules uses PGXS only on request.
   */
  List<String> command(PgConfig config) {
    return with(
        List.of("make", "PG_CONFIG=" + config.path(), "USE_PGXS=1", "with_llvm=no"),
        variables.toArray(String[]::new));
  }

  static List<String> with(List<String> command, String... more) {
    return Stream.concat(command.stream(), Stream.of(more)).toList();
  }

  void run(int major, PgConfig config, Path folder, List<String> command)
      throws IOException, BuildException {
    Path file = Objects.requireNonNull(folder.getParent()).resolve("make.log");
    ProcessBuilder builder =
        runner
            .builder(command, folder)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(file.toFile()));
    // a Makefile may call pg_config without a path
    CommandRunner.putFirst(builder, config.path().getParent());
    if (CommandRunner.waitFor(builder.start()) != 0) {
      throw new BuildException(
          "make failed for PostgreSQL "
              + major
              + MissingFile.remedy(
                  LogFile.lines(file), other == null ? null : other.platform().platform())
              + "; "
              + file
              + " ends with:\n"
              + LogFile.end(file));
    }
  }
}
