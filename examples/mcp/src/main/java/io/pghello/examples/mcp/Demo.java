// SPDX-License-Identifier: MIT
package io.pghello.examples.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.examples.shared.DemoCommand;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.mcp.PgHelloMcp;
import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Uses an independent client to try to write through two MCP servers that should be read-only. */
@Command(
    name = "demo mcp",
    description = {
      "Starts PostgreSQL, pg-hello-mcp and the reference MCP server for PostgreSQL",
      "(npm). An independent client (npm) tries to write through both, although",
      "only reading is allowed, and the demo shows which attempts succeed. Both",
      "servers log in as a role that may only read one table or, with --may-write,",
      "as the owner of the tables. If you pass SQL statements, tries these instead.",
      "Needs Node.js and npm."
    },
    customSynopsis = "./dev demo mcp [OPTIONS] [SQL...]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:nothing was written through pg-hello-mcp",
      "1:something was written, or a program cannot be used",
      "2:the command line is wrong"
    })
public final class Demo implements Callable<Integer> {
  /**
   * The attack that only a dedicated role for the agent can prevent. This limitation is documented.
   */
  private static final String ENDS_SESSIONS =
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user"
          + " and datname = current_database() and pid <> pg_backend_pid()";

  /** The attacks: each is one call, or several calls separated by newlines. */
  private static final List<String> ATTACKS =
      List.of(
          "select name from users order by id",
          "insert into users values (3, 'eve')",
          "commit; insert into users values (3, 'eve')",
          "rollback; drop table users cascade",
          "commit; begin read write; update users set name = 'eve'; commit",
          "select 1; commit; truncate users",
          "with w as (insert into users values (3, 'eve') returning *) select * from w",
          "set transaction read write\ninsert into users values (3, 'eve')",
          "set transaction read write; insert into users values (3, 'eve'); commit",
          "commit; set session characteristics as transaction read write",
          "select set_config('transaction_read_only', 'off', false)",
          "select sign_up('eve')",
          "commit; select sign_up('eve')",
          "explain analyze insert into users values (3, 'eve')",
          "select 1) q; insert into users values (3, 'eve'); --",
          "do $$ begin insert into users values (3, 'eve'); end $$",
          "commit; create table loot as select * from users",
          "select nextval('numbers')",
          "commit; select nextval('numbers')",
          "select lo_create(4711)",
          "commit; select lo_create(4711)",
          "commit; alter role current_user set default_transaction_read_only = off",
          "select pg_notify('orders', 'x')",
          "commit; select pg_notify('orders', 'x')",
          ENDS_SESSIONS,
          "select pg_advisory_lock(1)");

  private static final String READER = "a role that may read one table";
  private static final String OWNER = "the owner of the tables, who may write";

  private static final int WIDTH = 72;
  private static final int CELL = 38;

  private final PrintStream out;

  @Parameters(arity = "0..*", paramLabel = "SQL", description = "Statements to try instead.")
  private List<String> attacks = ATTACKS;

  @Option(
      names = "--may-write",
      description = "Log in as the owner of the tables (unsuitable for agents).")
  private boolean mayWrite;

  @SuppressWarnings("UnusedVariable") // picocli evaluates this option
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this text.")
  private boolean help;

  private Demo(PrintStream out) {
    this.out = out;
  }

  /**
   * Runs the demo and exits with its exit code.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    DemoCommand.runAndExit(Demo::run, args);
  }

  /** Runs the program with the given streams and returns the exit code. */
  static int run(String[] args, PrintStream out, PrintStream err) {
    return DemoCommand.run("mcp", new Demo(out), DemoCommand::messageOfServer, args, out, err);
  }

  @Override
  public Integer call() throws SQLException {
    Path npm = Npm.directory();
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        var ourVictim = new Victim(server, mayWrite);
        var theirVictim = new Victim(server, mayWrite);
        var ours = ours(npm, ourVictim);
        var theirs = theirs(npm, theirVictim)) {
      out.println("Both log in as " + (mayWrite ? OWNER : READER) + ".");
      out.printf("%-" + WIDTH + "s %-" + CELL + "s %s%n", "", ours.server(), theirs.server());
      boolean safe = true;
      int letThrough = 0;
      for (String attack : attacks) {
        String our = outcome(ours, ourVictim, attack);
        String their = outcome(theirs, theirVictim, attack);
        out.printf("%-" + WIDTH + "s %-" + CELL + "s %s%n", shortened(attack, WIDTH), our, their);
        safe &= !our.startsWith("LET") || (mayWrite && attack.equals(ENDS_SESSIONS));
        letThrough += their.startsWith("LET") ? 1 : 0;
      }
      out.println();
      out.println("The reference server let " + letThrough + " through.");
      if (mayWrite) {
        out.println("No MCP server can prevent a role from ending its own other sessions:");
        out.println("give the agent a dedicated role.");
      }
      return safe ? ExitCode.OK : ExitCode.SOFTWARE;
    }
  }

  /** Starts this project's server and the client. */
  static Agent ours(Path npm, Victim victim) {
    return new Agent(
        npm,
        Map.of(
            "PGHOST", victim.login("PGHOST"),
            "PGPORT", victim.login("PGPORT"),
            "PGDATABASE", victim.login("PGDBNAME"),
            "PGUSER", victim.login("user"),
            "PGPASSWORD", victim.login("password")),
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            PgHelloMcp.class.getName()));
  }

  /**
   * Starts the reference server and the client. The server reads its password from the command
   * line, where all users of the machine can see it.
   */
  private static Agent theirs(Path npm, Victim victim) {
    String url =
        "postgresql://%s:%s@%s:%s/%s"
            .formatted(
                victim.login("user"),
                victim.login("password"),
                victim.login("PGHOST"),
                victim.login("PGPORT"),
                victim.login("PGDBNAME"));
    Path program = npm.resolve("node_modules/@modelcontextprotocol/server-postgres/dist/index.js");
    return new Agent(npm, Map.of(), List.of("node", program.toString(), url));
  }

  /** Performs an attack. Returns the change, or the response if nothing has changed. */
  private static String outcome(Agent agent, Victim victim, String attack) throws SQLException {
    String answer = "";
    for (String sql : attack.lines().toList()) {
      JsonNode result = agent.query(sql);
      String text = result.at("/content/0/text").asText();
      answer = result.path("isError").booleanValue() ? "refused: " + reason(text) : "answered";
    }
    List<String> damage = victim.damage();
    if (damage.isEmpty()) {
      return shortened(answer, CELL - 1);
    }
    victim.restore();
    return "LET THROUGH: " + String.join(", ", damage);
  }

  private static String reason(String text) {
    if (text.startsWith("[")) {
      return "the client rejected the response";
    }
    int code = text.indexOf("POSTGRES_");
    return code < 0
        ? text.replaceFirst("^MCP error -?\\d+: ", "")
        : text.substring(code, text.indexOf('"', code));
  }

  private static String shortened(String text, int most) {
    String line = text.replace("\n", "  |  ");
    return line.length() <= most ? line : line.substring(0, most - 1) + "…";
  }
}
