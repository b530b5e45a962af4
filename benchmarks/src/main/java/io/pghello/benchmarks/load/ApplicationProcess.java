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
 * A Spring Boot application in a separate JVM. The current JVM sends the requests, and the CPU time
 * of the current JVM is not counted.
 */
public final class ApplicationProcess implements AutoCloseable {
  // libraries that Spring or the starter would detect, but that a typical application of this kind
  // would not have on its class path
  private static final String OTHERS =
      "(pg-(hello|extension)-)?(jooq|hibernate|testkit)|r2dbc|reactor";
  private static final String STARTER = "pg-hello-(core|spring-boot-starter)";

  private final ChildJvm jvm;
  private final GreetingApplication.Started started;
  private final int inFlight;
  private @Nullable HttpLoad requests;

  /**
   * Starts an application and waits until it accepts requests.
   *
   * @param controller the controller that handles the requests
   * @param starter whether the application contains the starter and the client
   * @param inFlight the number of concurrent requests
   * @param options the options of the application's JVM
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
            // the server keeps connections open for any number of requests
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
              ? "the application did not start; see its output above"
              : "an application must have a client if it has the starter, and only then");
    }
    started = first;
  }

  /**
   * Returns this JVM's class path, excluding some artifacts. An artifact is excluded if the
   * beginning of its name matches the regular expression {@code without}.
   */
  static String classPath(String without) {
    String pattern = ".*/(" + without + ")[^/]*(/target/classes|\\.jar)";
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(path -> !path.matches(pattern))
        .collect(Collectors.joining(File.pathSeparator));
  }

  /**
   * Returns the CPU time in milliseconds that the application's JVM used until it accepted
   * requests.
   */
  public double startCpuMillis() {
    return started.cpuMillis();
  }

  /** Returns the load generator, which measures the application's CPU time. */
  public HttpLoad requests() {
    if (requests == null) {
      requests = new HttpLoad(started.port(), "/greeting/", inFlight, Client.of(jvm.handle()));
    }
    return requests;
  }

  /** Stops the application, and waits until it has ended. */
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
      throw new InterruptedIOException("interrupted while waiting for an application to exit");
    }
  }
}
