// SPDX-License-Identifier: MIT
package io.pghello.examples.plugin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.examples.shared.DemoCommand;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresPlugin;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Calls the plugin with JSON, and tries to write through a read-only connection. */
@Command(
    name = "demo plugin",
    description = {
      "Sends JSON calls to the plugin on a private PostgreSQL server. Creates a",
      "table on a connection that may write, then runs queries and tries to write",
      "on a read-only connection. If you pass SQL statements, runs these statements",
      "on the read-only connection instead."
    },
    customSynopsis = "./dev demo plugin [OPTIONS] [SQL...]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all calls were answered, and nothing was written on the read-only connection",
      "1:the server cannot be used, or something was written",
      "2:the command line is wrong"
    })
public final class Demo implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> ATTACKS =
      List.of(
          "select name, pg_hello(name) as greeting from users order by name",
          "insert into users values (3, 'eve')",
          "commit; insert into users values (3, 'eve')",
          "with w as (insert into users values (3, 'eve') returning *) select * from w",
          "select 1) q; insert into users values (3, 'eve'); --",
          "set transaction read write",
          "select set_config('transaction_read_only', 'off', false)",
          "select set_config('default_transaction_read_only', 'off', false)",
          "select sign_up('eve')",
          "explain analyze insert into users values (3, 'eve')",
          "select nextval('numbers')");

  private final PrintStream out;

  @Parameters(arity = "0..*", paramLabel = "SQL", description = "Statements to run instead.")
  private List<String> statements = ATTACKS;

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
    return DemoCommand.run("plugin", new Demo(out), DemoCommand::messageOfServer, args, out, err);
  }

  @Override
  public Integer call() throws JsonProcessingException {
    PluginContext context =
        PluginContext.defaults()
            .withPermissions(
                id -> id.equals("owner") ? Permissions.all() : Permissions.read().withSql(true));
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        PostgresPlugin plugin = PostgresPlugin.initialize(context)) {
      ObjectNode config =
          JSON.createObjectNode()
              .put("host", "127.0.0.1")
              .put("port", server.port())
              .put("database", database.name())
              .put("user", database.user())
              .put("password", server.password());
      show(
          plugin,
          config,
          "createTable",
          """
          {"table": "users", "schema": {"columns": [
            {"name": "id", "type": "integer", "primaryKey": true}, {"name": "name", "type": "text"}]}}
          """);
      show(
          plugin,
          config,
          "batchInsert",
          """
          {"table": "users", "records": [{"id": 1, "name": "alice"}, {"id": 2, "name": "bob"}]}
          """);
      prepare(plugin, config);
      out.println();
      for (String sql : statements) {
        ObjectNode answer =
            plugin.execute("agent", config, "query", JSON.createObjectNode().put("sql", sql));
        out.println("agent    " + sql);
        out.println("      -> " + outcome(answer));
      }
      ObjectNode count =
          plugin.execute("owner", config, "count", JSON.readTree("{\"table\": \"users\"}"));
      out.println();
      out.println("users    " + count.get("data"));
      return count.at("/data/count").intValue() == 2 ? ExitCode.OK : ExitCode.SOFTWARE;
    }
  }

  private void show(PostgresPlugin plugin, ObjectNode config, String operation, String parameters)
      throws JsonProcessingException {
    ObjectNode answer = plugin.execute("owner", config, operation, JSON.readTree(parameters));
    out.println("owner    " + operation + " " + JSON.readTree(parameters));
    out.println("      -> " + outcome(answer));
  }

  private static void prepare(PostgresPlugin plugin, ObjectNode config) {
    for (String sql :
        List.of(
            "create sequence numbers",
            "create function sign_up(name text) returns void language sql as"
                + " $$ insert into users values (3, name) $$")) {
      plugin.execute("owner", config, "execute", JSON.createObjectNode().put("sql", sql));
    }
  }

  private static String outcome(ObjectNode answer) {
    return answer.get("success").booleanValue()
        ? answer.get("data").toString()
        : answer.at("/error/code").textValue() + ": " + answer.at("/error/message").textValue();
  }
}
