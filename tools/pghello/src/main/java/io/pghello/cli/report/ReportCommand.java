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

/** The command {@code pghello report}. */
@Command(
    name = "report",
    description =
        "Prints a report of the extension pg_hello_ops, which must exist in the "
            + "database. Changes nothing. A superuser can run a report only if superusers "
            + "own all of pg_hello_ops, because a report runs code of the owner.",
    footerHeading = "%nExit status:%n",
    footer = {
      "  1 if the compliance report has warnings, 3 if there is no data: fewer than "
          + "two snapshots, or no baseline",
      "",
      "Example:",
      "  pghello report performance -h db.example.com -U watcher -d app --since '1 day'"
    })
public final class ReportCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "REPORT",
      description =
          "performance: calls and durations between two snapshots; baseline: the "
              + "same, compared with a baseline; compliance: owners, privileges and "
              + "settings.")
  private Report.Kind kind = Report.Kind.PERFORMANCE;

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--since",
      paramLabel = "INTERVAL",
      defaultValue = "1 hour",
      description = "Length of the reported period (a PostgreSQL interval). Default: 1 hour.")
  private String since = "";

  @Option(
      names = "--label",
      paramLabel = "LABEL",
      defaultValue = "default",
      description = "Label of the baseline to compare with. Default: default.")
  private String label = "";

  @Mixin private Output output = new Output();

  @Option(
      names = "--html",
      description = "Print an HTML page. The performance report includes plots of the period.")
  private boolean html;

  @Override
  public Integer call() {
    Failure.throwIf(output.isJson() && html, "--json and --html cannot be combined");
    return new Report(kind, since, label).print(connection.target(), html, output).exitCode();
  }
}
