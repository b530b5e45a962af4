// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pghello health}. */
@Command(
    name = "health",
    description = {
      "Checks that the extension is there, answers right and in time, and that this role may call it.",
      "Changes nothing. The first line, and what is after its bar, are a monitoring plugin's."
    },
    footerHeading = "%nExample:%n",
    footer = "  pghello health -h db.example.com -U watcher -d app --warning 10 --critical 100")
public final class HealthCommand implements Callable<Integer> {
  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--warning",
      paramLabel = "MS",
      defaultValue = "" + Health.WARNING_MILLIS,
      description = "Warn if a call takes longer, in milliseconds. Default: 10.")
  private double warningMillis;

  @Option(
      names = "--critical",
      paramLabel = "MS",
      defaultValue = "" + Health.CRITICAL_MILLIS,
      description = "Critical if a call takes longer, in milliseconds. Default: 100.")
  private double criticalMillis;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    Failure.refuseIf(
        !(warningMillis > 0 && criticalMillis >= warningMillis && Double.isFinite(criticalMillis)),
        "--warning must be greater than 0, and --critical a number that is not less");
    return Health.print(connection.target(), warningMillis, criticalMillis, output).exitCode();
  }
}
