// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ConnectionOptions;
import io.pghello.cli.connect.ServerDatabases;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Finding;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Json;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import io.pghello.cli.output.TerminalText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code pghello harden}. */
@Command(
    name = "harden",
    description = {
      "Lists insecure configuration: functions that PUBLIC may execute, settings, and "
          + "modes of the extension's files. Also lists the SQL that fixes each problem, and "
          + "the roles that would lose a privilege. Changes nothing without --apply."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0 if no insecure configuration is left, 1 if some is left, 2 if the changes "
          + "failed or were applied partially,",
      "  3 if the changes were rejected, and none was applied",
      "",
      "Example:",
      "  pghello harden -h db.example.com -U postgres -d app --apply"
    })
public final class HardenCommand implements Callable<Integer> {
  @Mixin private ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--apply",
      description = {
        "Apply the changes: first roles, privileges and database settings in one "
            + "transaction, then server settings (with a reload), then file modes. "
            + "Prints each change and its reversal before making it. Does not revoke a "
            + "privilege from PUBLIC while a role depends on it."
      })
  private boolean apply;

  @Option(names = "--dry-run", description = "Change nothing. This is the default.")
  private boolean dryRun;

  @Option(
      names = "--revoke-from",
      paramLabel = "ROLE",
      description = "Revoke from PUBLIC even if this role loses the privilege. Can be repeated.")
  private Set<String> revokeFrom = Set.of();

  @Option(
      names = "--preload",
      description = {
        "Also let sessions of the database load the library when they start. If the "
            + "library is missing later, only a superuser who sets PGOPTIONS='-c "
            + "session_preload_libraries=' can connect."
      })
  private boolean preload;

  @Option(
      names = "--undo",
      description = {
        "Revert the changes that --apply made to this database. Run this as the operating "
            + "system user who ran --apply, because the changes are recorded in "
            + "$$XDG_STATE_HOME/pghello or ~/.local/state/pghello. Later changes are kept."
      })
  private boolean undo;

  @Mixin private Output output = new Output();

  private final Findings findings = new Findings();
  private final List<Hardening.Step> done = new ArrayList<>();

  @Override
  public Integer call() throws SQLException, IOException {
    Failure.throwIf(dryRun && apply, "--dry-run changes nothing: omit it, or omit --apply");
    Failure.throwIf(
        undo && (apply || dryRun || preload || !revokeFrom.isEmpty()),
        "--undo cannot be combined with other options of harden");
    Target target = connection.target();
    try (Connection session = apply || undo ? target.connectToWrite() : target.connect()) {
      target = target.pinnedTo(session);
      Failure.throwIf(
          ServerDatabases.extensionVersion(session) == null,
          "pg_hello does not exist in %s: CREATE EXTENSION pg_hello".formatted(target.name()));
      var hardening = new Hardening(undo ? new Findings() : findings, preload);
      hardening.check(session, target.isOnThisMachine());
      UndoFile kept = UndoFile.of(session, target);
      if (undo) {
        revert(session, hardening, kept);
      } else {
        close(session, hardening, kept);
      }
    }
    output.print(findings, target.name(), "", applied());
    return findings.status().exitCode();
  }

  private void close(Connection session, Hardening hardening, UndoFile kept)
      throws SQLException, IOException {
    var held = new HashSet<String>();
    for (Hardening.AffectedRole affected : hardening.affectedRoles()) {
      boolean named = revokeFrom.contains(affected.role());
      if (!named) {
        held.addAll(affected.sql());
      }
      findings.add(
          named ? Status.OK : Status.WARNING,
          "loses",
          affected.text(),
          named ? null : affected.grant() + "; or revoke it anyway with --revoke-from ROLE");
      if (apply && !output.isJson()) {
        output.out().println(TerminalText.line("-- " + affected.text()));
      }
    }
    // Look for renamed roles before harden creates its roles, because afterwards no role is
    // missing.
    if (!hardening.renamed().isEmpty() && kept.isThere()) {
      String back =
          apply
              ? "if it was renamed: run harden --undo, rename it back, and run harden --apply"
              : "if it was renamed: rename it back before --apply";
      hardening.renamed().forEach(one -> findings.add(Status.WARNING, "renamed", one, back));
    }
    List<Hardening.Step> steps =
        hardening.steps().stream().filter(step -> apply && !held.contains(step.sql())).toList();
    if (!steps.isEmpty()) {
      List<String> before = kept.lines();
      kept.write(before, steps);
      try {
        apply(session, steps);
      } finally {
        // If the session was lost, it is unknown which steps were completed. In that case, the file
        // keeps all steps, and --undo checks which of them were applied.
        if (!session.isClosed()) {
          kept.write(before, done);
        }
      }
      findings.ok("undo", "pghello harden --undo reverts this, using " + kept);
    }
    for (Hardening.Step step : hardening.steps()) {
      findings.add(
          done.contains(step)
              ? Finding.ok(step.opens() ? "closed" : "done", step.problem())
              : step.opens()
                  ? new Finding(Status.WARNING, "open", step.problem(), step.sql())
                  : new Finding(Status.OK, "to add", step.problem(), step.sql()));
    }
    if (findings.isEmpty()) {
      findings.ok("open", "nothing is insecure");
    }
  }

  /**
   * Reverts the recorded steps. Because the file cannot be trusted, this method reverts only steps
   * that this program itself would write now.
   */
  private void revert(Connection session, Hardening hardening, UndoFile kept)
      throws SQLException, IOException {
    var steps = new ArrayList<Hardening.Step>();
    List<String> lines = new ArrayList<>(kept.lines());
    if (lines.isEmpty()) {
      throw Failure.unknown(
          "no changes of harden to this database are recorded in "
              + kept
              + ": there is nothing to undo, or --apply was run by another user, on another machine, or with"
              + " another address of the server"
              + kept.ofOtherAddresses());
    }
    Collections.reverse(lines);
    var left = new ArrayList<String>();
    for (String line : lines) {
      Hardening.Step step = hardening.undoneBy(line);
      if (step == null) {
        findings.add(
            Status.WARNING,
            "left",
            "harden would not revert this now: " + line,
            "check for later changes, and remove the line from " + kept);
        left.add(0, line);
      } else if (step.done() || step.isForWholeServer()) {
        // If harden was killed, a setting may have been written without a reload of the
        // configuration.
        steps.add(step.back());
      } else if (!hardening.renamed().isEmpty() && line.matches("(DROP ROLE|REVOKE) .*")) {
        left.add(0, line);
      }
    }
    apply(session, steps);
    kept.write(left, List.of());
    done.forEach(step -> findings.ok("undone", step.sql()));
    if (!left.isEmpty()) {
      String back =
          "if it was renamed: rename it back, and run this again; otherwise remove " + kept;
      hardening.renamed().forEach(one -> findings.add(Status.WARNING, "left", one, back));
    }
    if (findings.isEmpty()) {
      findings.ok("undone", "everything was reverted already");
    }
  }

  /**
   * Runs the steps. Steps for the database run in one transaction. Steps for the server run one by
   * one, because ALTER SYSTEM cannot run in a transaction.
   */
  private void apply(Connection session, List<Hardening.Step> steps)
      throws SQLException, IOException {
    try (Statement statement = session.createStatement()) {
      session.setAutoCommit(false);
      var together = new ArrayList<Hardening.Step>();
      for (Hardening.Step step : steps) {
        if (!step.isForWholeServer() && step.file() == null && !isNeeded(statement, step)) {
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
          Hardening.chmod(step.sql().split(" ", 3)[1], file);
          done.add(step);
        }
      }
    } catch (SQLException | IOException e) {
      if (done.isEmpty()) {
        throw e;
      }
      if (output.isJson()) {
        output.out().println(Json.write(applied()));
      }
      throw Failure.critical(
          (e instanceof SQLException s ? SqlErrors.message(s) : e.toString())
              + ": the changes printed before "
              + (output.isJson() ? "this" : "the last one")
              + " were applied");
    }
  }

  /**
   * Returns whether a step would drop a role that has members, or that has privileges on other
   * objects or in other databases.
   */
  private boolean isNeeded(Statement statement, Hardening.Step step) throws SQLException {
    String drop = "DROP ROLE ";
    if (!step.sql().startsWith(drop)) {
      return false;
    }
    String role = step.sql().substring(drop.length());
    try (ResultSet row =
        statement.executeQuery(
            """
            SELECT FROM pg_auth_members WHERE roleid = 'ROLE'::regrole
            UNION ALL
            SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = 'ROLE'::regrole
            """
                .replace("ROLE", role))) {
      boolean needed = row.next();
      if (needed) {
        findings.ok("left", "role " + role + " has members, or privileges elsewhere, and was kept");
      }
      return needed;
    }
  }

  /** Prints the next step before it runs, because the program may be killed. */
  private void show(Hardening.Step step) {
    if (!output.isJson()) {
      PrintWriter out = output.out();
      out.println(
          TerminalText.line(
              step.file() == null
                  ? step.sql() + "; -- undo: " + step.undo()
                  : step.sql() + " # undo: " + step.undo()));
      out.flush();
    }
  }

  private Map<String, @Nullable Object> applied() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("applied", done.stream().map(Hardening.Step::sql).toList());
    map.put("undo", done.stream().map(Hardening.Step::undo).toList());
    return map;
  }
}
