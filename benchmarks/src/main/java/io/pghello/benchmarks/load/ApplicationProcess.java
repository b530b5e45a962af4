// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.CpuTime.Client;
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
  private static final String OTHERS =
      "(pg-(hello|extension)-)?(jooq|hibernate|testkit)|r2dbc|reactor";
  private static final String STARTER = "pg-hello-(core|spring-boot-starter)";

  private final ChildJvm jvm;
  private final GreetingApplication.Started started;
  private final int inFlight;
  private @Nullable Requests requests;

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

  /** Returns what asks it, with its CPU time counted. */
  public Requests requests() {
    if (requests == null) {
      requests = new Requests(started.port(), "/greeting/", inFlight, Client.of(jvm.handle()));
    }
    return requests;
  }

  /** Ends it, and waits until it has ended. */
  @Override
  public void close() throws IOException {
    if (requests != null) {
      requests.close();
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
