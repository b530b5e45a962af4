// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
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

/** Kills a listener between an event and the word that it was handled. */
@Command(
    name = "demo events",
    description = {
      "Signs users up in a PostgreSQL of its own, whose triggers write events into a table",
      "and notify a listener, which is a process. The listener is killed before it says that",
      "it has handled an event. While there is none, more happens; the next one is told of all."
    },
    customSynopsis = "./dev demo events [OPTIONS]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:all went well", "1:it did not", "2:the command line is wrong"})
public final class Demo implements Callable<Integer> {
  private final PrintStream out;

  @SuppressWarnings("UnusedVariable") // picocli acts on it
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this text.")
  private boolean help;

  private Demo(PrintStream out) {
    this.out = out;
  }

  /**
   * Runs the demo, and ends the JVM with the exit code.
   *
   * @param args what {@code --help} says
   */
  public static void main(String[] args) {
    DemoCommand.runAndExit(Demo::run, args);
  }

  /** Runs the program with other streams, and returns the exit code. */
  static int run(String[] args, PrintStream out, PrintStream err) {
    return DemoCommand.run("events", new Demo(out), Exception::getMessage, args, out, err);
  }

  @Override
  public Integer call() throws IOException, SQLException {
    try (PgHelloServer server = PgHelloServer.start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection()) {
      new Outbox(database.dataSource()).create();
      out.println("A listener is there, and Ada signs up:");
      try (ListenProcess listener = new ListenProcess(database.jdbcUrl())) {
        signUp(connection, "Ada");
        print(listener.nextEvent());
      }
      out.println(
          "It is killed before it has said that this was handled. Meanwhile, nobody listens:");
      out.println("  " + configure(connection, 2));
      signUp(connection, "Bob");
      out.println("  Bob has signed up");
      out.println(
          "The next listener is told of all, and of Ada again, a second after the first time:");
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
    out.println("  told: " + event);
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
