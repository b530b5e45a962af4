// SPDX-License-Identifier: MIT
package io.pghello.examples.shared;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;

/**
 * Runs the command of a demo. Errors are printed to standard error on one line that begins with
 * {@code demo:}. Only bugs in the program print a stack trace.
 */
public final class DemoCommand {
  private DemoCommand() {}

  /** A demo that writes to the given streams and returns its exit code. */
  public interface Program {
    int run(String[] args, PrintStream out, PrintStream err);
  }

  /** The output and exit code of a demo. */
  public record Output(int status, String out, String err) {}

  /** Runs a demo with the standard streams in UTF-8 and exits with its exit code. */
  public static void runAndExit(Program program, String[] args) {
    var out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    var err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    System.exit(program.run(args, out, err));
  }

  /** Runs a demo and returns its output. */
  public static Output capture(Program program, String... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    int status =
        program.run(
            args,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    return new Output(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /**
   * Runs a picocli command and returns the exit code.
   *
   * @param name the name of the demo in {@code ./dev demo}
   * @param explanation the function that returns the message for an error, or null for a bug in the
   *     program
   */
  public static int run(
      String name,
      Callable<Integer> command,
      Function<Exception, @Nullable String> explanation,
      String[] args,
      PrintStream out,
      PrintStream err) {
    return new CommandLine(command)
        .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
        .setExpandAtFiles(false)
        .setParameterExceptionHandler(
            (e, arguments) -> {
              err.printf("demo: %s (see ./dev demo %s --help)%n", e.getMessage(), name);
              return ExitCode.USAGE;
            })
        .setExecutionExceptionHandler(
            (e, line, result) -> {
              String words = explanation.apply(e);
              if (words == null) {
                err.println("demo: this is a bug in the program; please report it:");
                e.printStackTrace(err);
              } else {
                err.println("demo: " + words);
              }
              return ExitCode.SOFTWARE;
            })
        .execute(args);
  }

  /** Returns the error message for an embedded server that cannot start; null for other errors. */
  public static @Nullable String messageOfServer(Exception e) {
    return e instanceof UncheckedIOException || e instanceof IllegalStateException
        ? e.getMessage()
        : null;
  }

  /** Returns the first line of a message. Server messages may have several lines. */
  public static String firstLine(@Nullable String message) {
    return String.valueOf(message).lines().findFirst().orElse("");
  }
}
