// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import io.pghello.cli.connect.ExtensionFunctions;
import io.pghello.cli.connect.ExtensionFunctions.Own;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Findings;
import io.pghello.cli.output.Output;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.Status;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Checks the extension in one database. Not thread-safe. */
public final class Health {
  /** The default duration in milliseconds above which a call causes a warning. */
  public static final int WARNING_MILLIS = 10;

  public static final int CRITICAL_MILLIS = 100;

  private static final int CALLS = 11;

  private static final String INSTALLATION =
      """
      SELECT current_setting('server_version'), pg_is_in_recovery(), quote_ident(current_user),
        e.extversion, quote_ident(n.nspname), has_schema_privilege(n.oid, 'USAGE'), a.default_version,
        ARRAY(SELECT v.version FROM pg_available_extension_versions v WHERE v.name = 'pg_hello' ORDER BY 1)
      FROM (SELECT) one
        LEFT JOIN pg_extension e ON e.extname = 'pg_hello'
        LEFT JOIN pg_namespace n ON e.extnamespace = n.oid
        LEFT JOIN pg_available_extensions a ON a.name = 'pg_hello'
      """;

  private static final String MEMBERS =
      """
      SELECT f.name, has_function_privilege(f.oid, 'EXECUTE'), f.schema, f.foreigner, f.guard
      FROM (%s) f
      ORDER BY f.name, f.schema
      """
          .formatted(ExtensionFunctions.PG_HELLO.query());

  private static final String SETTINGS =
      """
      SELECT (SELECT setting FROM pg_settings WHERE name = 'pg_hello.repeat'), current_setting('track_functions')
      """;

  private static final String GREETING = "pg_hello(text)";

  private static final String NAME = " FROM (SELECT 'pghello'::text OFFSET 0) v (n)";

  /**
   * For each function, a condition that is true if the function returns the right result. The
   * format parameter is the function's schema. The argument types match exactly, so that no other
   * function with the same name is called.
   */
  static final Map<String, String> CALLS_BY_FUNCTION =
      Map.of(
          GREETING,
          "left(%1$s.pg_hello(n), 15) = 'Hello, pghello!'",
          "pg_hello(text, integer)",
          "%1$s.pg_hello(n, 2) = 'Hello, pghello! Hello, pghello!'",
          "pg_hello_all(text[], integer[])",
          "%1$s.pg_hello_all('{pghello,NULL}'::text[], '{2,1}'::integer[])"
              + " = '{\"Hello, pghello! Hello, pghello!\",NULL}'",
          "now_ms()",
          "abs(%1$s.now_ms() - extract(epoch FROM clock_timestamp()) * 1000) < 1000",
          "spi_version()",
          "%1$s.spi_version() = version()");

  /** The catalog entry of a function of the extension. */
  private record Member(boolean mayBeCalled, String guard) {}

  private final Map<String, Own> calledRight = new HashMap<>();
  private final Findings findings;
  private @Nullable Double millis;

  public Health(Findings findings) {
    this.findings = findings;
  }

  /** Checks a database, and prints the result. */
  public static Status print(
      Target target, double warningMillis, double criticalMillis, Output output) {
    var findings = new Findings();
    var health = new Health(findings);
    try (Connection session = target.connect()) {
      health.check(session, warningMillis, criticalMillis);
    } catch (SQLException e) {
      findings.lost(e);
    }
    Double millis = health.millis;
    String figures =
        millis == null
            ? ""
            : String.format(
                Locale.ROOT,
                " | time=%.3fms;%s;%s",
                millis,
                number(warningMillis),
                number(criticalMillis));
    output.print(
        findings, target.name(), figures, Collections.singletonMap("milliseconds", millis));
    return findings.status();
  }

  private static String number(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }

  /**
   * Returns the extension's function with this name and these argument types if the checks called
   * the function and it returned the right result; otherwise null.
   */
  public @Nullable Own answering(String function) {
    return calledRight.get(function);
  }

  /** Runs the checks in order, and stops if the next check cannot succeed. */
  void check(Connection connection, double warningMillis, double criticalMillis)
      throws SQLException {
    Own function = checkInstallation(connection);
    if (function != null) {
      double median = responseMillis(connection, function);
      millis = median;
      findings.add(
          median > criticalMillis
              ? Status.CRITICAL
              : median > warningMillis ? Status.WARNING : Status.OK,
          "time",
          String.format(
              Locale.ROOT, "pg_hello answers in %.3f ms (median of %d calls)", median, CALLS),
          null);
    }
  }

  /**
   * Checks the installation, and returns the function {@code pg_hello}; null if the function does
   * not work.
   */
  public @Nullable Own checkInstallation(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(INSTALLATION)) {
      row.next();
      findings.ok(
          "connection",
          "PostgreSQL " + row.getString(1) + (row.getBoolean(2) ? ", a standby" : ""));
      String role = row.getString(3);
      String version = row.getString(4);
      String schema = row.getString(5);
      String newest = row.getString(7);
      checkFiles((String[]) row.getArray(8).getArray(), newest);
      if (version == null) {
        findings.add(
            Status.CRITICAL,
            "extension",
            "pg_hello does not exist in this database",
            "CREATE EXTENSION pg_hello");
        return null;
      }
      boolean old = newest != null && !newest.equals(version);
      findings.add(
          old ? Status.WARNING : Status.OK,
          "extension",
          "pg_hello " + version + (old ? ", but the installed files are of version " + newest : ""),
          old ? "ALTER EXTENSION pg_hello UPDATE" : null);
      if (!row.getBoolean(6)) {
        findings.add(
            Status.CRITICAL,
            "privileges",
            "role " + role + " may not use schema " + schema,
            "GRANT USAGE ON SCHEMA " + schema + " TO " + role);
        return null;
      }
      checkFunctions(connection, schema, role);
      checkSettings(connection);
      return answering(GREETING);
    }
  }

  private void checkFiles(String[] versions, @Nullable String newest) {
    if (newest == null || !Arrays.asList(versions).contains(newest)) {
      findings.add(
          Status.WARNING,
          "files",
          "the server has no pg_hello.control, or no script for its version",
          "reinstall the extension's files, with its jar or make install");
    } else {
      findings.ok("files", "pg_hello.control, and scripts for " + String.join(", ", versions));
    }
  }

  private void checkFunctions(Connection connection, String schema, String role)
      throws SQLException {
    var members = new TreeMap<String, Member>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(MEMBERS)) {
      while (rows.next()) {
        String foreigner = rows.getString(4);
        if (foreigner == null) {
          members.put(rows.getString(1), new Member(rows.getBoolean(2), rows.getString(5)));
        } else {
          String name = rows.getString(3) + "." + rows.getString(1);
          findings.add(
              Status.CRITICAL,
              "function",
              name + " is not a function of pg_hello and is not called: it " + foreigner,
              "find out who added or replaced it, then run ALTER EXTENSION pg_hello DROP "
                  + "FUNCTION "
                  + name);
        }
      }
    }
    if (!members.containsKey(GREETING)) {
      findings.add(
          Status.CRITICAL,
          "function",
          "the extension has no function " + GREETING,
          "recreate the extension: DROP EXTENSION pg_hello; CREATE EXTENSION pg_hello");
    }
    for (Map.Entry<String, Member> member : members.entrySet()) {
      String function = member.getKey();
      if (!member.getValue().mayBeCalled()) {
        findings.add(
            Status.CRITICAL,
            "privileges",
            "role " + role + " may not execute " + function,
            "GRANT EXECUTE ON FUNCTION " + schema + "." + function + " TO " + role);
      } else if (CALLS_BY_FUNCTION.containsKey(function)) {
        String name = schema + "." + function.substring(0, function.indexOf('('));
        checkFunction(connection, schema, function, new Own(name, member.getValue().guard()));
      } else {
        findings.add(
            Status.WARNING,
            "function",
            function + " is not checked: this version of pghello has no check for it",
            "use the pghello release that matches the extension's version");
      }
    }
  }

  private void checkFunction(Connection connection, String schema, String function, Own own)
      throws SQLException {
    String right = String.format(Locale.ROOT, CALLS_BY_FUNCTION.get(function), schema);
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT " + own.guarded(right) + NAME)) {
      row.next();
      if (row.getBoolean(1)) {
        calledRight.put(function, own);
        findings.ok("function", function);
      } else {
        String what =
            row.wasNull()
                ? " was replaced during the check, or returns NULL"
                : " returns a wrong result";
        findings.add(Status.CRITICAL, "function", function + what, null);
      }
    } catch (SQLException e) {
      if (connection.isClosed() || String.valueOf(e.getSQLState()).startsWith("08")) {
        throw e;
      }
      findings.add(
          Status.CRITICAL, "function", function + ": " + SqlErrors.message(e), remedyOf(e));
    }
  }

  static @Nullable String remedyOf(SQLException e) {
    boolean needsAnother =
        String.valueOf(e.getMessage())
            .matches("(?s).*pg_hello[^\"]*\": .*cannot open shared object.*");
    return switch (e.getSQLState() == null ? "" : e.getSQLState()) {
      case "58P01" ->
          needsAnother
              ? "install the library's dependencies on the server; ldd lists the missing ones"
              : "the library is not in the server's search path: install it with its "
                  + "jar or make install";
      case "42883" ->
          "the library is older than the extension: run make install, then recycle "
              + "connection pools";
      default -> null;
    };
  }

  private void checkSettings(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(SETTINGS)) {
      row.next();
      findings.ok(
          "setting",
          "pg_hello.repeat is " + row.getString(1) + ", track_functions is " + row.getString(2));
    }
  }

  private static double responseMillis(Connection connection, Own function) throws SQLException {
    double[] nanos = new double[CALLS];
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT " + function.guarded(function.name() + "(?::text)"))) {
      for (int i = 0; i < CALLS; i++) {
        statement.setString(1, "pghello " + i);
        long begin = System.nanoTime();
        statement.executeQuery().close();
        nanos[i] = System.nanoTime() - begin;
      }
    }
    Arrays.sort(nanos);
    return nanos[CALLS / 2] / 1e6;
  }
}
