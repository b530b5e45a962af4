// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.Preflight;
import io.pghello.testkit.PgHelloTest;
import java.lang.module.ModuleDescriptor.Version;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tests which functions each version of the extension has, and which of them the client needs. */
@PgHelloTest(create = false)
class PreflightFunctionsIT {
  private static final String MEMBERS =
      "SELECT objid::regprocedure FROM pg_depend WHERE classid = 'pg_proc'::regclass AND refclassid"
          + " = 'pg_extension'::regclass AND deptype = 'e' AND refobjid = (SELECT oid FROM"
          + " pg_extension WHERE extname = 'pg_hello')";

  /** Detects a function that is missing in {@link Function}. */
  @Test
  void knowTheVersionThatEachFunctionCameWith(Connection connection) throws SQLException {
    List<String> versions =
        strings(
            connection,
            "SELECT version FROM pg_available_extension_versions WHERE name = 'pg_hello'");
    assertThat(versions).contains("1.0", Function.REQUIRED_VERSION);
    for (String version : versions) {
      create(connection, version);
      Set<Function> functions = functions(version);
      assertThat(strings(connection, MEMBERS))
          .as("functions of version %s", version)
          .containsExactlyInAnyOrderElementsOf(
              functions.stream().map(Function::signature).toList());
      Preflight preflight = Preflight.run(connection, null, Function.EXTENSION);
      assertThat(preflight.installation().functions())
          .as(version)
          .containsExactlyElementsOf(functions.stream().map(Function::description).toList());
      assertThat(preflight.problems().isEmpty())
          .as("whether %s is new enough: %s", version, preflight.problems())
          .isEqualTo(functions.containsAll(functions(Function.REQUIRED_VERSION)));
    }
  }

  @Test
  void areReportedAsMissingOnlyIfRequiredOrCalled(Connection connection) throws SQLException {
    create(connection, "1.0");
    Set<Function> there = functions("1.0");
    Preflight preflight = Preflight.run(connection, null, Function.extension("1.0"));
    assertThat(preflight.problems()).isEmpty();
    for (Function function : there) {
      assertThat(preflight.problemFor(function)).isEmpty();
    }
    for (Function function : EnumSet.complementOf(EnumSet.copyOf(there))) {
      CallProblem problem = preflight.problemFor(function).orElseThrow();
      assertThat(problem.code()).isEqualTo(Code.VERSION_TOO_OLD);
      assertThat(problem.message())
          .isEqualTo(
              "Extension pg_hello in database %s, at version 1.0, lacks %s.",
              preflight.installation().database(), function.signature());
      assertThat(problem.remedy())
          .isEqualTo("Have the extension's owner run: ALTER EXTENSION pg_hello UPDATE;");
      assertThat(problem.functions()).containsExactly(function.signature());
    }
  }

  /** Returns the functions that a version of the extension has. */
  private static Set<Function> functions(String version) {
    Set<Function> functions = EnumSet.allOf(Function.class);
    functions.removeIf(
        function ->
            Version.parse(function.description().since()).compareTo(Version.parse(version)) > 0);
    return functions;
  }

  private static void create(Connection connection, String version) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("DROP EXTENSION IF EXISTS pg_hello");
      statement.execute("CREATE EXTENSION pg_hello VERSION '" + version + "'");
    }
  }

  private static List<String> strings(Connection connection, String sql) throws SQLException {
    var strings = new ArrayList<String>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        strings.add(rows.getString(1));
      }
    }
    return strings;
  }
}
