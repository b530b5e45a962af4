// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.Comparison.Sample;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.CpuTime.Client;
import io.pghello.benchmarks.harness.SampleNames;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An application with Spring Boot in a JVM of its own. Requests come from this JVM, whose CPU time
 * is not counted.
 */
public final class ApplicationProcess implements AutoCloseable {
  // what Spring or the starter would find, and an application that greets over HTTP does not have
  private static final String OTHERS = "(pg-hello-)?(jooq|hibernate|testkit)|r2dbc|reactor";
  private static final String STARTER = "pg-hello-(core|spring-boot-starter)";

  private final ChildJvm jvm;
  private final GreetingApplication.Started started;
  private final int inFlight;
  private @Nullable HttpCaller caller;

  /**
   * What came of requests.
   *
   * @param rate in thousands a second, with the CPU time of a request, application and database
   *     together
   * @param databaseMicros the CPU time of a request in the database alone
   */
  public record Response(Sample rate, double databaseMicros) {}

  /**
   * Starts an application, and waits until it takes requests.
   *
   * @param controller answers them
   * @param starter whether it has the starter and the client
   * @param inFlight how many requests will be under way
   * @param options of its JVM
   */
  public ApplicationProcess(
      Class<?> controller,
      boolean starter,
      Address address,
      int connections,
      int inFlight,
      List<String> options)
      throws IOException {
    this.inFlight = inFlight;
    List<String> arguments =
        List.of(
            controller.getName(),
            "--spring.datasource.url=" + address.jdbcUrl(),
            "--spring.datasource.username=" + address.user(),
            "--spring.datasource.hikari.maximum-pool-size=" + connections,
            "--spring.threads.virtual.enabled=true",
            "--spring.main.banner-mode=off",
            "--logging.level.root=warn",
            "--server.address=127.0.0.1",
            "--server.port=0",
            // a connection is for as many requests as there are
            "--server.tomcat.max-keep-alive-requests=-1");
    jvm =
        ChildJvm.start(
            GreetingApplication.class.getName(),
            Stream.concat(
                    options.stream(),
                    Stream.of("-cp", classPath(starter ? OTHERS : OTHERS + "|" + STARTER)))
                .toList(),
            arguments,
            Map.of("SPRING_DATASOURCE_PASSWORD", address.password()));
    GreetingApplication.Started first = jvm.receive(GreetingApplication.Started.class);
    if (first == null || first.hasClient() != starter) {
      jvm.close();
      throw new IOException(
          first == null
              ? "an application has not started; what it said is above"
              : "an application with the starter, and only that one, should have a client");
    }
    started = first;
  }

  /** Returns this JVM's class path without the artifacts whose names begin so. */
  static String classPath(String without) {
    String pattern = ".*/(" + without + ")[^/]*(/target/classes|\\.jar)";
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(path -> !path.matches(pattern))
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** Returns the CPU time that its JVM needed until it took requests, in milliseconds. */
  public double startCpuMillis() {
    return started.cpuMillis();
  }

  /** Makes requests for some time. */
  public Response measure(long serverPid, long millis) throws IOException, InterruptedException {
    load(WarmUp.RECALL_MILLIS);
    CpuTime all = CpuTime.start(Client.of(jvm.handle()), serverPid);
    CpuTime database = CpuTime.start(Client.NONE, serverPid);
    Load.Figures figures = load(millis);
    double calls = figures.calls();
    return new Response(
        new Sample(figures.thousandsPerSecond(), all.microsPerCall(calls)),
        database.microsPerCall(calls));
  }

  /** Makes requests until they become no faster. */
  public void warmUp() throws InterruptedException {
    WarmUp.run(millis -> load(millis).thousandsPerSecond());
  }

  private Load.Figures load(long millis) throws InterruptedException {
    if (caller == null) {
      caller = new HttpCaller(started.port(), inFlight);
    }
    return new Load(SampleNames.USUAL, inFlight, millis).futures(caller);
  }

  /** Ends it, and waits until it has ended. */
  @Override
  public void close() throws IOException {
    if (caller != null) {
      caller.close();
    }
    jvm.close();
    try {
      jvm.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("an application");
    }
  }
}
