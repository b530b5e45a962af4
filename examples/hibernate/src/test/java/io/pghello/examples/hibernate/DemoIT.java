// SPDX-License-Identifier: MIT
package io.pghello.examples.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs {@code ./dev demo hibernate}. */
@PgHelloTest
@Timeout(120)
class DemoIT {
  private record Result(int status, String out, String err) {
    /** Returns the output with placeholders for times and rates. */
    String steadyOut() {
      return out.replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME")
          .replaceAll("[0-9,]+ a second", "N a second")
          .replaceAll("PostgreSQL \\d+\\S*(?: \\(.*?\\))?,", "PostgreSQL N,")
          .replace(
              "pg_hello " + NativeExtension.fromClassPath("pg_hello").version() + ",",
              "pg_hello VERSION,");
    }
  }

  private static Result demo(boolean progress, String... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    int status =
        Demo.run(
            args,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            progress);
    return new Result(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static Result demo(String... args) {
    return demo(false, args);
  }

  /** Runs the demo with the user's own database. */
  private static Result demoOn(TestDatabase database, String... args) {
    var all = new ArrayList<>(List.of("--url", database.jdbcUrl(), "--rows", "3"));
    all.addAll(List.of(args));
    return demo(all.toArray(String[]::new));
  }

  private static String query(Connection connection, String sql) throws Exception {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void importsAHundredThousand() {
    Result result = demo();
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.steadyOut())
        .isEqualTo(
            """
            alice  TIME  Hello, alice!
            bob    TIME  Hello, bob!

            100,000 users imported: N a second, 302 round trips
            user100000  TIME  Hello, user100000!

            PostgreSQL N, pg_hello VERSION, TIME
            1,000 names greeted in bulk: N a second, 1 round trip
            """);
  }

  @Test
  void leavesADatabaseAsItWas(TestDatabase database, Connection connection) throws Exception {
    connection.createStatement().execute("CREATE TABLE users AS SELECT 'kept' AS username");
    Result result = demoOn(database, "--repeat", "2", "O'Brien", "Zoë {0} %s ?");
    assertThat(result.err()).isEmpty();
    assertThat(result.steadyOut())
        .isEqualTo(
            """
            O'Brien       TIME  Hello, O'Brien! Hello, O'Brien!
            Zoë {0} %s ?  TIME  Hello, Zoë {0} %s ?! Hello, Zoë {0} %s ?!

            3 users imported: N a second
            user3  TIME  Hello, user3!

            PostgreSQL N, pg_hello VERSION, TIME
            5 names greeted in bulk: N a second
            """);
    assertThat(query(connection, "SELECT username FROM users")).isEqualTo("kept");
    assertThat(query(connection, "SELECT to_regnamespace('hello_demo')")).isNull();
  }

  @Test
  void createsAUserWithoutAName(TestDatabase database) {
    Result result = demoOn(database, "");
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).isZero();
    assertThat(result.steadyOut()).startsWith("   TIME  Hello, !\n");
  }

  @Test
  void leavesADatabaseAsItWasWhenItFails(TestDatabase database, Connection connection)
      throws Exception {
    assertThat(demoOn(database, "Ada", "Ada").status()).isEqualTo(1);
    assertThat(query(connection, "SELECT to_regnamespace('hello_demo')")).isNull();
  }

  @Test
  void touchesNoSchemaThatIsThere(TestDatabase database, Connection connection) throws Exception {
    connection.createStatement().execute("CREATE SCHEMA hello_demo");
    Result result = demoOn(database);
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("demo: ").contains("DROP SCHEMA hello_demo CASCADE;");
    assertThat(query(connection, "SELECT to_regnamespace('hello_demo')")).isEqualTo("hello_demo");
  }

  @Test
  void reportsAMissingExtension(TestDatabase database, Connection connection) throws Exception {
    connection.createStatement().execute("DROP EXTENSION pg_hello");
    Result result = demoOn(database);
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("demo: ").contains("CREATE EXTENSION pg_hello");
  }

  @Test
  void showsProgressOnlyOnATerminal(TestDatabase database) {
    String[] args = {"--url", database.jdbcUrl(), "--rows", "2500"};
    assertThat(demo(true, args).err())
        .startsWith("\r1,000 of 2,500 users")
        .endsWith("\r" + " ".repeat(40) + "\r");
    assertThat(demo(false, args).err()).isEmpty();
    String[] failing = {"--url", database.jdbcUrl(), "--rows", "2500", "user2100"};
    assertThat(demo(true, failing).err())
        .contains("\r" + " ".repeat(40) + "\rdemo: The username is taken");
  }

  @ParameterizedTest
  @CsvSource({
    "Ada Ada, (username)=(Ada) already exists",
    "user3, (username)=(user3) already exists",
    "a123456789b123456789c123456789d123456789e123456789f, character varying(50)"
  })
  void reportsARejectedNameInOneLine(String args, String reason, TestDatabase database) {
    Result result = demoOn(database, args.split(" "));
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err())
        .startsWith("demo: ")
        .contains(reason)
        .doesNotContainIgnoringCase("insert into");
  }

  @Test
  void reportsAnInvalidNameInOneLine(TestDatabase database) {
    Result result = demoOn(database, "sec\0ret");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("demo: ").contains("U+0000").doesNotContain("ret");
  }

  @ParameterizedTest
  @CsvSource({
    "--repeat 0, between 1 and 10",
    "--repeat 11, between 1 and 10",
    "--repeat many, --repeat",
    "--rows 0, 1 or more",
    "--rows -1, 1 or more",
    "--rows all, --rows",
    "--url jdbc:mysql://x, must begin with jdbc:postgresql:",
    "--bogus, --bogus"
  })
  void refusesAWrongCommandLineInOneLine(String args, String reason) {
    Result result = demo(args.split(" "));
    assertThat(result.status()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err())
        .startsWith("demo: ")
        .contains(reason)
        .contains("demo hibernate --help");
  }

  @Test
  void reportsAnUnreachableServerInOneLine() {
    Result result = demo("--url", "jdbc:postgresql://127.0.0.1:1/x?user=u&password=secret");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("demo: ").contains("refused").doesNotContain("secret");
  }

  @Test
  void helps() {
    Result result = demo("--help");
    assertThat(result.status()).isZero();
    assertThat(result.out())
        .startsWith("Usage: ./dev demo hibernate [OPTIONS] [NAME...]")
        .contains("--url");
  }

  /** Runs the demo in a separate JVM, as ./dev does. Output of loggers would be visible there. */
  @Test
  void writesNothingElse(TestDatabase database, @TempDir Path folder) throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Path err = folder.resolve("err");
    var builder =
        new ProcessBuilder(
            java.toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Demo.class.getName(),
            "--url",
            database.jdbcUrl(),
            "--rows",
            "1",
            "Ada",
            "Ada");
    // Java would print the value of this variable
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    Process process = builder.redirectError(err.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(out).isEmpty();
    assertThat(Files.readAllLines(err))
        .singleElement()
        .asString()
        .startsWith("demo: The username is taken");
  }
}
