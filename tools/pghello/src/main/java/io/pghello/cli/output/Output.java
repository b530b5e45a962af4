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

/** Output of a command, which may be JSON. */
public final class Output {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  public Output() {}

  /** The output for people of a command that runs others. */
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
   * Prints what was found in a database.
   *
   * @param figures for monitoring plugins; may be empty
   * @param more is in the JSON, too
   */
  public void print(
      Findings findings, String database, String figures, Map<String, @Nullable Object> more) {
    print(findings.toMap(database, more), out -> out.print(findings.toText(database, figures)));
  }

  /**
   * Prints a result, at once.
   *
   * @param result a record, or a map or list of such, as JSON has it
   * @param text prints it for people
   */
  public void print(@Nullable Object result, Consumer<PrintWriter> text) {
    if (json) {
      out().println(Json.write(result));
    } else {
      text.accept(out());
    }
    out().flush();
  }

  /** Prints what there is, and ends a command that would go on although nobody reads it. */
  public void flush() {
    out().flush();
    Failure.refuseIf(
        System.out.checkError(),
        "what it prints cannot be written: nobody reads it, or the disk is full");
  }

  /** Says what the user should know beside the output. */
  public void say(String format, Object... arguments) {
    PrintWriter err = spec.commandLine().getErr();
    Object[] printable =
        Stream.of(arguments)
            .map(one -> one instanceof String text ? Printable.line(text) : one)
            .toArray();
    err.printf(Locale.ROOT, format + "%n", printable);
    err.flush();
  }

  /** Says what is being done, to people only. */
  public void progress(String format, Object... arguments) {
    if (Ansi.AUTO.enabled()) {
      say(format, arguments);
    }
  }
}
