// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Output;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code pghello diagnose}. */
@Command(
    name = "diagnose",
    description = {
      "Finds problems with the extension: runs the health checks, and examines the "
          + "library and its settings, blocked sessions, and memory leaks in calls. "
          + "Suggests fixes. Changes nothing."
    },
    footerHeading = "%nExample:%n",
    footer = "  pghello diagnose -h db.example.com -U watcher -d app")
public final class DiagnoseCommand implements Callable<Integer> {
  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    Target target = connection.target();
    var findings = new Findings();
    try (Connection session = target.connect()) {
      new Diagnosis(findings).make(session);
    } catch (SQLException e) {
      findings.lost(e);
    }
    output.print(findings, target.name(), "", Map.of());
    return findings.status().exitCode();
  }
}
