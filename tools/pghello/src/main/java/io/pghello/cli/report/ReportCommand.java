// SPDX-License-Identifier: MIT
package io.pghello.cli.report;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pghello report}. */
@Command(
    name = "report",
    description =
        "Prints a report of the extension pg_hello_ops, which must be in the database. Changes nothing. To a superuser,"
            + " only if all of it is a superuser's, as it runs its owner's code.",
    footerHeading = "%nExit status:%n",
    footer = {
      "  1 if compliance has warnings, 3 if there is nothing to report: no two snapshots, no baseline",
      "",
      "Example:",
      "  pghello report performance -h db.example.com -U watcher -d app --since '1 day'"
    })
public final class ReportCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "REPORT",
      description =
          "performance: calls and their time between two snapshots; baseline: the same beside a"
              + " baseline; compliance: owners, privileges, settings.")
  private Report.Kind kind = Report.Kind.PERFORMANCE;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--since",
      paramLabel = "INTERVAL",
      defaultValue = "1 hour",
      description = "Period of the report, as PostgreSQL writes an interval. Default: 1 hour.")
  private String since = "";

  @Option(
      names = "--label",
      paramLabel = "LABEL",
      defaultValue = "default",
      description = "The baseline to compare with. Default: default.")
  private String label = "";

  @Mixin private Output output = new Output();

  @Option(
      names = "--html",
      description = "Print a page for a browser, of performance with plots of the time since then.")
  private boolean html;

  @Override
  public Integer call() {
    Failure.refuseIf(output.isJson() && html, "--json and --html exclude each other");
    return new Report(kind, since, label).print(connection.target(), html, output).exitCode();
  }
}
