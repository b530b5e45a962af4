// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** Kills a listener that has received an event but has not acknowledged the event. */
@Command(
    name = "demo events",
    description = {
      "Signs up users in a private PostgreSQL server. Triggers write events into a",
      "table and notify a listener process. The listener is killed before it",
      "acknowledges an event. More events occur without a listener. The next",
      "listener receives all of them."
    },
    customSynopsis = "./dev demo events [OPTIONS]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:all went well", "1:the demo failed", "2:the command line is wrong"})
public final class Demo implements Callable<Integer> {
  private final PrintStream out;

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

  /** Runs the program with the given streams, and returns the exit code. */
  static int run(String[] args, PrintStream out, PrintStream err) {
    return DemoCommand.run("events", new Demo(out), Exception::getMessage, args, out, err);
  }

  @Override
  public Integer call() throws IOException, SQLException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      new Outbox(database.dataSource()).create();
      out.println("With a running listener, Ada signs up:");
      try (ListenProcess listener = new ListenProcess(database.jdbcUrl())) {
        signUp(connection, "Ada");
        print(listener.nextEvent());
      }
      out.println("The listener is killed before it acknowledges the event. Without a listener:");
      out.println("  " + configure(connection, 2));
      signUp(connection, "Bob");
      out.println("  Bob has signed up");
      out.println(
          "The next listener receives all events. Ada's event is delivered again, after a second:");
      try (ListenProcess listener = new ListenProcess(database.jdbcUrl())) {
        for (int i = 0; i < 3; i++) {
          print(listener.nextEvent());
          listener.acknowledge();
        }
        signUp(connection, "Carol");
        print(listener.nextEvent());
      }
      return ExitCode.OK;
    }
  }

  private void print(String event) {
    out.println("  received: " + event);
  }

  private static void signUp(Connection connection, String username) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("INSERT INTO users (username) VALUES (?)")) {
      statement.setString(1, username);
      statement.executeUpdate();
    }
  }

  private static String configure(Connection connection, int repeat) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT update_greeting_config(?)")) {
      statement.setInt(1, repeat);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }
}
