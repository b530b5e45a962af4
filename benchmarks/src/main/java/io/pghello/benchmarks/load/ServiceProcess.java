// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.CpuTime.Client;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.jr.ob.JSON;

/**
 * A program in any language that serves greetings over HTTP and is configured by environment
 * variables. It is stopped when this JVM exits.
 */
public final class ServiceProcess implements AutoCloseable {
  private static final long START_SECONDS = 120;
  private static final long POLL_MILLIS = 20;
  private static final long END_SECONDS = 30;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String address;
  private final int port;
  private final Path output = Files.createTempFile("bench-service", ".log");
  private final Process process;
  private final Thread endWithThisJvm;
  private final double startCpuMillis;
  private @Nullable HttpLoad requests;

  /**
   * Starts the program, and waits until it responds.
   *
   * @param first a path that is requested until the response status is 200
   */
  public ServiceProcess(List<String> command, Map<String, String> variables, String first)
      throws IOException, InterruptedException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    address = "http://127.0.0.1:" + port;
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(variables);
    builder.environment().putAll(Map.of("PORT", port + "", "SERVER_PORT", port + ""));
    process = builder.redirectOutput(output.toFile()).start();
    endWithThisJvm = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(endWithThisJvm);
    try {
      awaitAnswer(first);
      startCpuMillis = client().nanos() / 1e6;
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private void awaitAnswer(String first) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (System.nanoTime() - end < 0 && process.isAlive()) {
      try {
        if (http.send(request(first).build(), BodyHandlers.ofString()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) {
        // the program is not listening yet
      }
      Thread.sleep(POLL_MILLIS);
    }
    throw new IOException("a service has not started: " + Files.readString(output));
  }

  /** Returns the environment variables for the database, under all names that the programs use. */
  public static Map<String, String> variables(Address database) {
    String port = Integer.toString(database.port());
    return Map.of(
        "DB_HOST", database.host(),
        "DB_PORT", port,
        "DB_NAME", database.database(),
        "DB_USER", database.user(),
        "DB_PASSWORD", database.password(),
        "DATABASE_URL",
            "postgresql://%s:%s@%s:%s/%s"
                .formatted(
                    database.user(),
                    database.password(),
                    database.host(),
                    port,
                    database.database()),
        "SPRING_DATASOURCE_URL", database.jdbcUrl(),
        "SPRING_DATASOURCE_USERNAME", database.user(),
        "SPRING_DATASOURCE_PASSWORD", database.password());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(address + path));
  }

  private Client client() {
    return Client.withDescendants(process.toHandle());
  }

  /** Returns the CPU time in milliseconds that the program used until its first response. */
  public double startCpuMillis() {
    return startCpuMillis;
  }

  /** Returns the load generator, which measures the program's CPU time. */
  public HttpLoad requests(int inFlight) {
    if (requests == null) {
      requests = new HttpLoad(port, "/api/greeting/", inFlight, client());
    }
    return requests;
  }

  /**
   * Requests greetings for many names in batches, one batch after the other. Returns the throughput
   * in thousands of names per second.
   */
  public Sample batches(int count, long serverPid, long millis)
      throws IOException, InterruptedException {
    List<String> names = SampleNames.USUAL.list(count);
    HttpRequest batch =
        request("/greetings/batch")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(JSON.std.asString(Map.of("names", names))))
            .build();
    List<String> answers = new ArrayList<>();
    CpuTime cpu = CpuTime.start(client(), serverPid);
    long start = System.nanoTime();
    long took;
    do {
      HttpResponse<String> answer = http.send(batch, BodyHandlers.ofString());
      answers.add(answer.body());
      took = System.nanoTime() - start;
    } while (took < TimeUnit.MILLISECONDS.toNanos(millis));
    double all = (double) answers.size() * count;
    Sample sample = new Sample(all * 1e6 / took, cpu.microsPerCall(all));
    for (String answer : answers) {
      SampleNames.USUAL.check(count, greetings(answer));
    }
    return sample;
  }

  /**
   * Sends batches until the CPU time per name, including JIT compilation, stops decreasing. Pauses
   * between measurements, so that the JIT compiler of the program can finish its work.
   */
  public void warmUpBatches(int count, long serverPid) throws Exception {
    WarmUp.untilCheap(client(), millis -> batches(count, serverPid, millis).cpuMicros());
  }

  private static List<String> greetings(String answer) throws IOException {
    return JSON.std.beanFrom(Batch.class, answer).greetings().stream()
        .map(Batch.Greeting::greeting)
        .toList();
  }

  /**
   * The response to a batch. The integration guide's service and this project's service use the
   * same format.
   */
  record Batch(List<Greeting> greetings, int count) {
    record Greeting(String name, String greeting) {}
  }

  /** Stops the program, and waits until it has ended. */
  @Override
  public void close() throws IOException {
    if (requests != null) {
      requests.close();
    }
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().removeShutdownHook(endWithThisJvm);
    Files.delete(output);
  }
}
