// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The output of a command, as text or JSON. */
public final class Output {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  public Output() {}

  /** Creates text output for a command that runs other commands. */
  public Output(CommandSpec spec) {
    this.spec = spec;
  }

  public boolean isJson() {
    return json;
  }

  public PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /**
   * Prints the findings for a database.
   *
   * @param figures the performance data in the monitoring plugin format; may be empty
   * @param more the additional properties of the JSON object
   */
  public void print(
      Findings findings, String database, String figures, Map<String, @Nullable Object> more) {
    print(findings.toMap(database, more), out -> out.print(findings.toText(database, figures)));
  }

  /**
   * Prints a result immediately.
   *
   * @param result a record, map or list to print as JSON
   * @param text a consumer that prints the result as text
   */
  public void print(@Nullable Object result, Consumer<PrintWriter> text) {
    if (json) {
      out().println(Json.write(result));
    } else {
      text.accept(out());
    }
    out().flush();
  }

  /**
   * Flushes the output, and throws if it cannot be written, so that the command does not continue
   * to run without a reader.
   */
  public void flush() {
    out().flush();
    Failure.throwIf(
        System.out.checkError(),
        "cannot write output: the reader has closed the pipe, or the disk is full");
  }

  /** Prints a message to standard error. */
  public void message(String format, Object... arguments) {
    PrintWriter err = spec.commandLine().getErr();
    Object[] printable =
        Stream.of(arguments)
            .map(one -> one instanceof String text ? TerminalText.line(text) : one)
            .toArray();
    err.printf(Locale.ROOT, format + "%n", printable);
    err.flush();
  }

  /** Prints progress if the output is a terminal. */
  public void progress(String format, Object... arguments) {
    if (Ansi.AUTO.enabled()) {
      message(format, arguments);
    }
  }
}
