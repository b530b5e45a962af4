// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Output;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code pghello health}. */
@Command(
    name = "health",
    description = {
      "Checks that the extension exists, returns correct results in time, and may be "
          + "called by this role. Changes nothing. The first line follows the monitoring "
          + "plugin format, with performance data after the bar."
    },
    footerHeading = "%nExample:%n",
    footer = "  pghello health -h db.example.com -U watcher -d app --warning 10 --critical 100")
public final class HealthCommand implements Callable<Integer> {
  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--warning",
      paramLabel = "MS",
      defaultValue = "" + Health.WARNING_MILLIS,
      description = "Warning limit for the duration of a call, in milliseconds. Default: 10.")
  private double warningMillis;

  @Option(
      names = "--critical",
      paramLabel = "MS",
      defaultValue = "" + Health.CRITICAL_MILLIS,
      description = "Critical limit for the duration of a call, in milliseconds. Default: 100.")
  private double criticalMillis;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    Failure.throwIf(
        !(warningMillis > 0 && criticalMillis >= warningMillis && Double.isFinite(criticalMillis)),
        "--warning must be greater than 0, and --critical must not be less than --warning");
    return Health.print(connection.target(), warningMillis, criticalMillis, output).exitCode();
  }
}
