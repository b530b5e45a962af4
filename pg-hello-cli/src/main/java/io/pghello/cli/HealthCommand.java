// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code pghello health}. */
@Command(
    name = "health",
    description = {
      "Checks that the extension is there, answers right and in time, and that this role may call it.",
      "Changes nothing. The first line, and what is after its bar, are a monitoring plugin's."
    },
    sortOptions = false,
    footerHeading = "%nExample:%n",
    footer = "  pghello health -h db.example.com -U watcher -d app --warning 10 --critical 100")
final class HealthCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--warning",
      paramLabel = "MS",
      defaultValue = "10",
      description = "Warn if a call takes longer, in milliseconds. Default: 10.")
  private double warningMillis;

  @Option(
      names = "--critical",
      paramLabel = "MS",
      defaultValue = "100",
      description = "Critical if a call takes longer, in milliseconds. Default: 100.")
  private double criticalMillis;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @SuppressWarnings("UnusedVariable")
  @Option(names = "--help", usageHelp = true, description = "Show this text.")
  private boolean help;

  @Override
  public Integer call() {
    if (!(warningMillis > 0) || !(criticalMillis >= warningMillis)) {
      throw new ParameterException(
          spec.commandLine(), "--warning must be greater than 0, and --critical not less than it");
    }
    Target target = connection.target();
    var health = new Health(warningMillis, criticalMillis);
    try {
      health.check(target);
    } catch (SQLException e) {
      health.lost(e);
    }
    print(health, target);
    return health.status().exitCode();
  }

  private void print(Health health, Target target) {
    PrintWriter out = spec.commandLine().getOut();
    Double millis = health.millis();
    if (json) {
      var map = new LinkedHashMap<String, @Nullable Object>();
      map.put("status", health.status().toString());
      map.put("database", target.name());
      map.put("milliseconds", millis);
      map.put("findings", health.findings().stream().map(Finding::toMap).toList());
      out.println(Json.write(map));
    } else {
      Finding gravest = health.gravest();
      out.printf(
          Locale.ROOT,
          "%s - %s: %s%s%n",
          health.status().name(),
          target.name(),
          gravest.text(),
          millis == null
              ? ""
              : String.format(
                  Locale.ROOT,
                  " | time=%.3fms;%s;%s",
                  millis,
                  number(warningMillis),
                  number(criticalMillis)));
      for (Finding finding : health.findings()) {
        out.printf(
            "%s  %-12s  %s%n",
            Ansi.AUTO.string(
                String.format(
                    Locale.ROOT, "@|%s %-8s|@", finding.status().colour(), finding.status())),
            finding.check(),
            finding.text());
        if (finding.remedy() != null) {
          out.printf("%-24s%s%n", "", Objects.requireNonNull(finding.remedy()));
        }
      }
    }
    out.flush();
  }

  private static String number(double value) {
    return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
  }
}
