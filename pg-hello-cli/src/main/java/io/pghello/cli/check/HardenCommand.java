// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Finding;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Json;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
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
import picocli.CommandLine.Option;

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
      "  0 if nothing is open (any more), 1 if something is, 2 if it could not be applied, or a part of it only,",
      "  3 if it may not be applied, and nothing has been",
      "",
      "Example:",
      "  pghello harden -h db.example.com -U postgres -d app --apply"
    })
public final class HardenCommand implements Callable<Integer> {
  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--apply",
      description =
          "Do it: roles, privileges and the database's settings in one transaction, then settings of the server, which"
              + " are loaded again, and modes of files. Prints each before it is done.")
  private boolean apply;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() throws SQLException, IOException {
    Target target = connection.target();
    var findings = new Findings();
    var hardening = new Hardening(findings);
    var done = new ArrayList<Hardening.Step>();
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
        apply(session, hardening.steps(), done);
      }
      for (Hardening.Step step : hardening.steps()) {
        findings.add(
            apply
                ? Finding.ok("closed", step.why())
                : new Finding(Status.WARNING, "open", step.why(), step.sql()));
      }
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

  /**
   * Runs the steps: those of the database in one transaction, those of the server one by one, as
   * they cannot be in one.
   */
  private void apply(Connection session, List<Hardening.Step> steps, List<Hardening.Step> done)
      throws SQLException, IOException {
    try (Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      var together = new ArrayList<Hardening.Step>();
      for (Hardening.Step step : steps) {
        if (!step.isForWholeServer() && step.file() == null) {
          show(step);
          statement.execute(step.sql());
          together.add(step);
        }
      }
      session.commit();
      done.addAll(together);
      session.setAutoCommit(true);
      for (Hardening.Step step : steps) {
        if (step.isForWholeServer()) {
          show(step);
          statement.execute(step.sql());
          done.add(step);
        }
      }
      if (done.stream().anyMatch(Hardening.Step::isForWholeServer)) {
        statement.execute("SELECT pg_reload_conf()");
      }
      for (Hardening.Step step : steps) {
        Path file = step.file();
        if (file != null) {
          show(step);
          Hardening.protect(file);
          done.add(step);
        }
      }
    } catch (SQLException | IOException e) {
      if (done.isEmpty()) {
        throw e;
      }
      if (output.isJson()) {
        output.out().println(Json.write(applied(done)));
      }
      throw Failure.critical(
          (e instanceof SQLException s ? SqlErrors.message(s) : e.toString())
              + ": what is printed before "
              + (output.isJson() ? "" : "the last line ")
              + "is done");
    }
  }

  /** Prints what is done next, as the program may be ended before the end. */
  private void show(Hardening.Step step) {
    if (!output.isJson()) {
      PrintWriter out = output.out();
      out.println(Printable.line(step.sql()) + (step.file() == null ? ";" : ""));
      out.flush();
    }
  }

  private static Map<String, @Nullable Object> applied(List<Hardening.Step> done) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("applied", done.stream().map(Hardening.Step::sql).toList());
    return map;
  }

  private void print(Target target, Findings findings, List<Hardening.Step> done) {
    PrintWriter out = output.out();
    if (output.isJson()) {
      out.println(findings.toJson(target.name(), applied(done)));
    } else {
      out.print(findings.toText(target.name(), ""));
    }
    out.flush();
  }
}
