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
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
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

/** {@code pghello harden}. */
@Command(
    name = "harden",
    description = {
      "Shows what stands open: functions that everybody may execute, settings, the modes of the extension's files, the",
      "SQL that closes it, and which roles lose what by it. Changes nothing without --apply."
    },
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
      description = {
        "Do it: roles, privileges and the database's settings in one transaction, then settings of the server, which",
        "are loaded again, and modes of files. Prints each with what takes it back before it is done. Takes nothing from",
        "everybody that a role has only as everybody has it."
      })
  private boolean apply;

  @Option(names = "--dry-run", description = "Change nothing. This is the default.")
  private boolean dryRun;

  @Option(
      names = "--revoke-from",
      paramLabel = "ROLE",
      description = "Take it from everybody although this role loses it. May be repeated.")
  private Set<String> revokeFrom = Set.of();

  @Option(
      names = "--preload",
      description = {
        "Also let sessions of the database load the library at connect. If the library is lost then, only a superuser who",
        "says PGOPTIONS='-c session_preload_libraries=' can log in."
      })
  private boolean preload;

  @Option(
      names = "--undo",
      description = {
        "Take back what --apply has done to this database, run by the same user of this machine: it is kept in",
        "$$XDG_STATE_HOME/pghello or ~/.local/state/pghello. Leaves what was changed since."
      })
  private boolean undo;

  @Mixin private Output output = new Output();

  private final Findings findings = new Findings();
  private final List<Hardening.Step> done = new ArrayList<>();

  @Override
  public Integer call() throws SQLException, IOException {
    Failure.refuseIf(dryRun && apply, "--dry-run changes nothing: omit it, or omit --apply");
    Failure.refuseIf(
        undo && (apply || dryRun || preload || !revokeFrom.isEmpty()),
        "--undo goes with no other option of harden");
    Target target = connection.target();
    try (Connection session = apply || undo ? target.connectToWrite() : target.connect()) {
      target = target.pinnedTo(session);
      Failure.refuseIf(
          ServerDatabases.extensionVersion(session) == null,
          "pg_hello is not created in %s: CREATE EXTENSION pg_hello".formatted(target.name()));
      var hardening = new Hardening(undo ? new Findings() : findings, preload);
      hardening.check(session, target.isOnThisMachine());
      UndoFile kept = UndoFile.of(session, target);
      if (undo) {
        takeBack(session, hardening, kept);
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
    for (Hardening.Loser loser : hardening.losers()) {
      boolean named = revokeFrom.contains(loser.role());
      if (!named) {
        held.addAll(loser.sql());
      }
      findings.add(
          named ? Status.OK : Status.WARNING,
          "loses",
          loser.text(),
          named ? null : loser.grant() + "; or take it all the same: --revoke-from ROLE");
      if (apply && !output.isJson()) {
        output.out().println(Printable.line("-- " + loser.text()));
      }
    }
    // before harden has made roles, those with grants of somebody's own would be named
    if (!hardening.renamed().isEmpty() && kept.isThere()) {
      String back =
          apply
              ? "if it was renamed: harden --undo, rename it back, and --apply again"
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
        // who has lost the session does not know what is done, and --undo finds out
        if (!session.isClosed()) {
          kept.write(before, done);
        }
      }
      findings.ok("undo", "pghello harden --undo takes it back, by " + kept);
    }
    for (Hardening.Step step : hardening.steps()) {
      findings.add(
          done.contains(step)
              ? Finding.ok(step.opens() ? "closed" : "done", step.why())
              : step.opens()
                  ? new Finding(Status.WARNING, "open", step.why(), step.sql())
                  : new Finding(Status.OK, "to add", step.why(), step.sql()));
    }
    if (findings.isEmpty()) {
      findings.ok("open", "nothing stands open");
    }
  }

  /** Runs what is kept, as far as this program would write it now: the file proves nothing. */
  private void takeBack(Connection session, Hardening hardening, UndoFile kept)
      throws SQLException, IOException {
    var steps = new ArrayList<Hardening.Step>();
    List<String> lines = new ArrayList<>(kept.lines());
    if (lines.isEmpty()) {
      throw Failure.unknown(
          "harden has done nothing to this database that "
              + kept
              + " knows of"
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
            "harden would not take this back now: " + line,
            "see what has changed since, and take it out of " + kept);
        left.add(0, line);
      } else if (step.done() || step.isForWholeServer()) {
        // a setting may have been written, and not been loaded before harden was killed
        steps.add(step.back());
      } else if (!hardening.renamed().isEmpty() && line.matches("(DROP ROLE|REVOKE) .*")) {
        left.add(0, line);
      }
    }
    apply(session, steps);
    kept.write(left, List.of());
    done.forEach(step -> findings.ok("undone", step.sql()));
    if (!left.isEmpty()) {
      String back = "if it was renamed: rename it back, and run this again; else remove " + kept;
      hardening.renamed().forEach(one -> findings.add(Status.WARNING, "left", one, back));
    }
    if (findings.isEmpty()) {
      findings.ok("undone", "all is as it was already");
    }
  }

  /**
   * Runs the steps: those of the database in one transaction, those of the server one by one, as
   * they cannot be in one.
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
              + ": what is printed before "
              + (output.isJson() ? "" : "the last line ")
              + "is done");
    }
  }

  /** Returns whether a step would drop a role that has members, or privileges anywhere. */
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
        findings.ok("left", "role " + role + " has members, or privileges elsewhere, and stays");
      }
      return needed;
    }
  }

  /** Prints what is done next, as the program may be ended before the end. */
  private void show(Hardening.Step step) {
    if (!output.isJson()) {
      PrintWriter out = output.out();
      out.println(
          Printable.line(
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
