// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;

/** Starts the application, calls it over HTTP, and prints the responses. */
@Command(
    name = "demo spring",
    description = {
      "Starts an application with Spring Boot that greets over HTTP, on a free port,",
      "calls it, and prints the responses and its health."
    },
    customSynopsis = "./dev demo spring [OPTIONS] [NAME...]",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:the application answered all calls",
      "1:the application did not start, or a call failed",
      "2:the command line is wrong"
    })
public final class Demo implements Callable<Integer> {
  private final PrintStream out;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Names to greet. Default: Alice Bob.")
  private List<String> names = List.of("Alice", "Bob");

  @Option(
      names = "--url",
      paramLabel = "JDBC-URL",
      description = {
        "JDBC URL of a database that has the extension, e.g.",
        "jdbc:postgresql://HOST/DATABASE?user=U&password=P.",
        "Default: a PostgreSQL server started for this run."
      })
  private @Nullable String url;

  @Option(
      names = "--serve",
      paramLabel = "PORT",
      description = "Keep the application running on this port until Ctrl-C.")
  private @Nullable Integer port;

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
    return DemoCommand.run("spring", new Demo(out), Exception::getMessage, args, out, err);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    check(
        url == null || url.startsWith("jdbc:postgresql:"),
        "--url must begin with jdbc:postgresql:");
    check(port == null || (port >= 0 && port <= 65_535), "--serve must be a port, 0 to 65535");
    if (url != null) {
      return run(url);
    }
    // otherwise, the server's startup would be logged with the default configuration
    LoggingSystem.get(Demo.class.getClassLoader()).beforeInitialize();
    try (ExtensionServer server = ExtensionServer.start("pg_hello");
        TestDatabase database = server.createDatabase()) {
      return run(database.jdbcUrl());
    }
  }

  private void check(boolean right, String message) {
    if (!right) {
      throw new ParameterException(new CommandLine(this), message);
    }
  }

  private int run(String jdbcUrl) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    var application = new SpringApplication(GreetingApplication.class);
    try (ConfigurableApplicationContext context =
        application.run(
            "--spring.datasource.url=" + jdbcUrl,
            "--pg-hello.preflight=fail",
            "--server.address=127.0.0.1",
            "--server.port=" + (port == null ? 0 : port),
            "--spring.main.banner-mode=off",
            "--logging.level.root=warn")) {
      String address =
          "http://127.0.0.1:" + context.getEnvironment().getRequiredProperty("local.server.port");
      boolean well = callAll(address);
      out.printf(
          "%nThe application responded %.1f s after it was started%n",
          (System.nanoTime() - begin) / 1e9);
      if (port != null) {
        out.println("It is running at " + address + "/api/greeting/Ada; press Ctrl-C to stop it");
        Thread.sleep(Long.MAX_VALUE);
      }
      return well ? ExitCode.OK : ExitCode.SOFTWARE;
    }
  }

  private boolean callAll(String address) throws IOException, InterruptedException {
    boolean well = true;
    for (String name : names) {
      well &= call(address, "/api/greeting/" + encode(name), null);
    }
    well &= call(address, "/api/bulk-greetings", JsonMapper.shared().writeValueAsString(names));
    well &= call(address, "/api/timestamp", null);
    well &= call(address, "/actuator/health/readiness", null);
    return well;
  }

  private boolean call(String address, String path, @Nullable String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path));
    if (body != null) {
      request.header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
    }
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    out.println((body == null ? "GET  " : "POST ") + path + (body == null ? "" : " " + body));
    out.println("     " + response.statusCode() + " " + response.body());
    return response.statusCode() == 200;
  }

  // in a path, a space is encoded as %20
  private static String encode(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
