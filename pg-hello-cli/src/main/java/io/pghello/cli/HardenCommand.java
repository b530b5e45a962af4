// SPDX-License-Identifier: MIT
package io.pghello.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pghello harden}. */
@Command(
    name = "harden",
    description = {
      "Shows what stands open: functions that everybody may execute, roles, settings, the modes of the extension's",
      "files, and the SQL that closes it. Changes nothing without --apply."
    },
    sortOptions = false,
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if nothing is open (any more), 1 if something is, 2 if it could not be applied",
      "",
      "Example:",
      "  pghello harden -h db.example.com -U postgres -d app --apply"
    })
final class HardenCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--apply",
      description =
          "Do it: roles, privileges and the database's settings in one transaction, then settings of the server, which"
              + " are loaded again, and modes of files.")
  private boolean apply;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public Integer call() {
    Target target = connection.target();
    var findings = new Findings();
    var hardening = new Hardening(findings);
    List<Hardening.Step> done = List.of();
    try (Connection session = target.connect()) {
      try (Statement statement = session.createStatement();
          var row = statement.executeQuery("SELECT FROM pg_extension WHERE extname = 'pg_hello'")) {
        if (!row.next()) {
          throw Failure.unknown(
              "pg_hello is not created in the database "
                  + target.name()
                  + ": CREATE EXTENSION pg_hello");
        }
      }
      hardening.check(session, isThisMachine(target));
      if (apply) {
        done = hardening.steps();
        apply(session, done);
      }
      for (Hardening.Step step : hardening.steps()) {
        findings.add(
            apply
                ? Finding.ok("closed", step.why())
                : new Finding(Status.WARNING, "open", step.why(), step.sql()));
      }
    } catch (SQLException e) {
      throw Failure.of(e);
    } catch (IOException e) {
      throw Failure.critical(e.toString());
    }
    if (findings.isEmpty()) {
      findings.ok("open", "nothing stands open");
    }
    print(target, findings, done);
    return findings.status().exitCode();
  }

  private static boolean isThisMachine(Target target) {
    return target.address().matches("(localhost|127\\.0\\.0\\.1|\\[::1\\]):.*");
  }

  /** What belongs to the database is done together; what the server has cannot be. */
  private static void apply(Connection session, List<Hardening.Step> steps)
      throws SQLException, IOException {
    try (Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      for (Hardening.Step step : steps) {
        if (!step.isForWholeServer() && step.file() == null) {
          statement.execute(step.sql());
        }
      }
      session.commit();
      session.setAutoCommit(true);
      boolean reload = false;
      for (Hardening.Step step : steps) {
        if (step.isForWholeServer()) {
          statement.execute(step.sql());
          reload = true;
        }
      }
      if (reload) {
        statement.execute("SELECT pg_reload_conf()");
      }
    }
    for (Hardening.Step step : steps) {
      Path file = step.file();
      if (file != null) {
        Hardening.protect(file);
      }
    }
  }

  private void print(Target target, Findings findings, List<Hardening.Step> done) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      var statements = new ArrayList<String>();
      done.forEach(step -> statements.add(step.sql()));
      map.put("applied", statements);
      out.println(findings.toJson(target, map));
    } else {
      for (Hardening.Step step : done) {
        out.println(step.sql() + (step.file() == null ? ";" : ""));
      }
      out.print(findings.toText(target, ""));
    }
    out.flush();
  }
}
