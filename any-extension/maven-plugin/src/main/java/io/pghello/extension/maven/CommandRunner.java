// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the programs of a build, without input and without make variables from the environment.
 *
 * @param environment the environment of the programs
 */
record CommandRunner(Map<String, String> environment) {
  /**
   * PGXS and make variables that are removed from the environment, because each would take effect
   * if the Makefile does not set it.
   */
  private static final Pattern NOT_FOR_MAKE =
      Pattern.compile(
          "MAKE.*|MFLAGS|VPATH|DESTDIR|PROFILE|CUSTOM_COPT|MODULE(S|_big|DIR)|PROGRAM|EXTENSION|OBJS"
              + "|(DATA|DOCS|HEADERS|SCRIPTS|REGRESS|ISOLATION)(_\\w+)?|TAP_TESTS|EXTRA_CLEAN"
              + "|NO_(INSTALL(CHECK)?|LOCALE|PGXS|TEMP_INSTALL)|PG_(C|CPP|CXX|LD)FLAGS|PG_LIBS\\w*|SHLIB_\\w+");

  boolean isOnPath(String tool) {
    return Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1))
        // use java.io.File, because without a locale, some directory names cannot be converted to a
        // Path
        .anyMatch(folder -> new File(folder, tool).canExecute());
  }

  /** Returns the output of a program. */
  String answer(List<String> command, Path folder) throws IOException, BuildException {
    Process process =
        builder(command, folder).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = waitFor(process);
    if (status != 0) {
      throw new BuildException(String.join(" ", command) + " ended with status " + status);
    }
    return answer.strip();
  }

  int run(List<String> command, Path folder, ProcessBuilder.Redirect output)
      throws IOException, BuildException {
    return waitFor(
        builder(command, folder).redirectErrorStream(true).redirectOutput(output).start());
  }

  ProcessBuilder builder(List<String> command, Path folder) {
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().keySet().removeIf(variable -> NOT_FOR_MAKE.matcher(variable).matches());
    return builder;
  }

  /** Adds a directory at the beginning of a program's path. */
  static void putFirst(ProcessBuilder builder, @Nullable Path folder) {
    builder
        .environment()
        .merge("PATH", folder + "", (path, own) -> own + File.pathSeparator + path);
  }

  static int waitFor(Process process) throws BuildException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
      Thread.currentThread().interrupt();
      throw new BuildException("interrupted");
    }
  }
}
