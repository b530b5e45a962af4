// SPDX-License-Identifier: MIT
package io.pghello.examples.quickstart;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Runs a PostgreSQL server with the extension: the program of {@code ./dev server}. */
@Command(
    name = "server",
    description = "Runs a PostgreSQL server with the extension until it is interrupted.",
    customSynopsis = "./dev server [OPTIONS]",
    sortOptions = false)
public final class Serve implements Callable<Integer> {
  private static final String DATABASE = "hello";

  // ./dev reads this option and puts the server with that major version on the class path
  @SuppressWarnings("UnusedVariable")
  @Option(
      names = "--major",
      paramLabel = "N",
      description = "PostgreSQL major version: 15, 17 (the default), 18 or 19.")
  private int major;

  @Option(
      names = "--port",
      paramLabel = "P",
      description = "Port on the loopback interface. Default: a free port.")
  private int port;

  @SuppressWarnings("UnusedVariable")
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this text.")
  private boolean help;

  private Serve() {}

  /**
   * Runs the server until the JVM is terminated.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    int status =
        new CommandLine(new Serve())
            .setParameterExceptionHandler(
                (e, arguments) -> {
                  System.err.println("server: " + e.getMessage() + " (see ./dev server --help)");
                  return CommandLine.ExitCode.USAGE;
                })
            .setExecutionExceptionHandler(
                (e, command, result) -> {
                  System.err.println("server: " + e.getMessage());
                  return CommandLine.ExitCode.SOFTWARE;
                })
            .execute(args);
    System.exit(status);
  }

  @Override
  public Integer call() throws InterruptedException {
    if (port < 0 || port > 65535) {
      throw new ParameterException(
          new CommandLine(this), "--port must be between 0 and 65535, but is " + port);
    }
    try (ExtensionServer server =
            ExtensionServer.builder().extension("pg_hello").port(port).start();
        TestDatabase database = server.createDatabase(DATABASE)) {
      System.out.printf(
          Locale.ROOT,
          """
          PostgreSQL %d, database "%s", on the loopback interface only

          owner      %s
                     %s
          superuser  %s
                     %s
          log        %s

          Ctrl-C stops the server and removes its data.
          ready
          """,
          server.major(),
          database.name(),
          database.jdbcUrl(),
          psql(server, database, database.user()),
          database.superuserJdbcUrl(),
          psql(server, database, "postgres"),
          server.logFile());
      System.out.flush();
      // Ctrl-C ends the JVM and the server
      new CountDownLatch(1).await();
      return CommandLine.ExitCode.OK;
    }
  }

  private static String psql(ExtensionServer server, TestDatabase database, String user) {
    return String.format(
        Locale.ROOT,
        "PGPASSWORD=%s psql -h 127.0.0.1 -p %d -U %s %s",
        server.password(),
        server.port(),
        user,
        database.name());
  }
}
