// SPDX-License-Identifier: MIT
package io.pghello.examples.jooq;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.PrintStream;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jooq.CloseableDSLContext;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Signs up users on one connection while another connection changes the number of greetings. */
@Command(
    name = "demo jooq",
    description = {
      "Signs up users in a private PostgreSQL server, where a trigger greets them.",
      "Then another connection changes the number of greetings, one more user signs",
      "up on the first connection, and a report lists all users."
    },
    customSynopsis = "./dev demo jooq [OPTIONS] [NAME...]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all went well",
      "1:a name or the server cannot be used",
      "2:the command line is wrong"
    })
public final class Demo implements Callable<Integer> {
  private static final String LAST = "the last";

  private final PrintStream out;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Names of the users to sign up, all different. Default: alice bob.")
  private List<String> names = List.of("alice", "bob");

  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = "Number of greetings for the last user, 1 to 10. Default: 2.")
  private int repeat = 2;

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
    return DemoCommand.run("jooq", new Demo(out), Demo::explanation, args, out, err);
  }

  /** Returns the message of the cause, which does not contain the statement. */
  private static @Nullable String explanation(Exception e) {
    return e instanceof DataAccessException data && data.getCause() != null
        ? DemoCommand.firstLine(data.getCause().getMessage())
        : DemoCommand.messageOfServer(e);
  }

  @Override
  public Integer call() {
    requireDistinct();
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase();
        CloseableDSLContext one = DSL.using(database.jdbcUrl());
        CloseableDSLContext another = DSL.using(database.jdbcUrl())) {
      var users = new Users(one);
      users.createSchema();
      users.signUp(names);
      out.println(new Users(another).updateGreetingConfig(repeat));
      users.signUp(List.of(LAST));
      out.println();
      print(users.report());
      return ExitCode.OK;
    }
  }

  private void requireDistinct() {
    var taken = new HashSet<>(List.of(LAST));
    for (String name : names) {
      if (!taken.add(name)) {
        throw new IllegalStateException(
            "the name \""
                + name
                + "\" is taken: each user needs a different name, and the last user"
                + " to sign up is called \""
                + LAST
                + "\"");
      }
    }
  }

  private void print(List<Users.User> users) {
    int width = users.stream().mapToInt(user -> user.username().length()).max().orElse(0);
    for (Users.User user : users) {
      out.printf(
          Locale.ROOT,
          "%-" + width + "s  %s  %s%n",
          user.username(),
          user.createdAt(),
          user.welcomeMessage());
    }
    out.println();
    users.forEach(user -> out.println(user.greeting()));
  }
}
