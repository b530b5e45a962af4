// SPDX-License-Identifier: MIT
package io.pghello.examples.service.demo;

import io.pghello.examples.service.GreetingServiceApplication;
import io.pghello.examples.shared.DemoCommand;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.Environment;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Starts the service with its own database and prints how to call it. */
@Command(
    name = "demo service",
    description = {
      "Starts the greeting service, prints how to call it, and keeps it running",
      "until Ctrl-C. Only this machine can call it."
    },
    customSynopsis = "./dev demo service [OPTIONS]",
    sortOptions = false,
    footerHeading = "%nVariables (like any Spring Boot property):%n",
    footer = {
      "  SERVER_PORT                        port; default 8080; 0 for a free port",
      "  GREETING_RATE_LIMIT_ENABLED=false  disables the rate limits",
      "  GREETING_ADMIN_TOKEN               token for changes of the configuration"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"1:the service did not start", "2:the command line is wrong"})
public final class Demo implements Callable<Integer> {
  private final PrintStream out;

  @Option(
      names = "--url",
      paramLabel = "JDBC-URL",
      description = {
        "JDBC URL of an empty database for the service, e.g.",
        "jdbc:postgresql://HOST/DATABASE?user=U&password=P.",
        "Default: a PostgreSQL server started for this run."
      })
  private @Nullable String url;

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
    return DemoCommand.run("service", new Demo(out), Demo::messageOf, args, out, err);
  }

  private static String messageOf(Exception e) {
    Throwable root = e;
    while (root.getCause() != null && !(root instanceof PortInUseException)) {
      root = root.getCause();
    }
    return root instanceof PortInUseException inUse
        ? "port " + inUse.getPort() + " is in use; choose another with SERVER_PORT"
        : DemoCommand.firstLine(root.getMessage());
  }

  @Override
  public Integer call() throws InterruptedException {
    if (url != null) {
      if (!url.startsWith("jdbc:postgresql:")) {
        throw new ParameterException(
            new CommandLine(this), "--url must begin with jdbc:postgresql:");
      }
      return serve(url);
    }
    // otherwise, the server's startup would be logged with the default configuration
    LoggingSystem.get(Demo.class.getClassLoader()).beforeInitialize();
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      return serve(database.jdbcUrl());
    }
  }

  private int serve(String jdbcUrl) throws InterruptedException {
    var application = new SpringApplication(GreetingServiceApplication.class);
    application.setDefaultProperties(
        Map.of(
            "server.address", "127.0.0.1",
            "greeting.load.enabled", "true",
            "spring.main.banner-mode", "off",
            "logging.level.root", "warn",
            // at shutdown, the database may stop before the notification listener, which would log
            // errors
            "logging.level.io.pghello.examples.shared", "off",
            // this program prints a startup error on one line instead
            "logging.level.org.springframework.boot.diagnostics", "off",
            "logging.level.org.springframework.boot.SpringApplication", "off",
            "logging.level.org.springframework.boot.web", "off"));
    try (ConfigurableApplicationContext context =
        application.run("--spring.datasource.url=" + jdbcUrl)) {
      describe(context.getEnvironment());
      // Ctrl-C ends the JVM, and with it the service and its database server
      new CountDownLatch(1).await();
      return ExitCode.OK;
    }
  }

  private void describe(Environment environment) {
    String address = "http://127.0.0.1:" + environment.getRequiredProperty("local.server.port");
    boolean hasToken = !environment.getProperty("greeting.admin-token", "").isBlank();
    out.printf(
        """
        The greeting service runs at %1$s

          %1$s/    a page that greets and measures

          curl '%1$s/api/greeting/Ada?repeat=2'
          curl -H 'Content-Type: application/json' -d '{"names":["Ada","Bob"]}' %1$s/api/bulk-greetings
          curl -H 'Content-Type: application/json' -d '{"query":"{greeting(name:\\"Ada\\"){greeting timestamp}}"}' %1$s/graphql
          curl %1$s/v3/api-docs
          curl %1$s/api/timestamp
          curl %1$s/api/info
          curl %1$s/greeting/Ada
          curl %1$s/health
          curl -H 'Content-Type: application/json' -H %2$s \\
            -d '{"repeat":3}' %1$s/api/config/greeting%3$s

        Ctrl-C stops the service
        """,
        address,
        hasToken
            ? "\"Authorization: Bearer $GREETING_ADMIN_TOKEN\""
            : "'Authorization: Bearer TOKEN'",
        hasToken
            ? ""
            : "  # requires GREETING_ADMIN_TOKEN=TOKEN at startup, with 16 characters or more");
    out.flush();
  }
}
