// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A process that runs {@link Listen}. */
final class ListenProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader events;
  private final PrintStream acknowledgements;

  /** Starts the process. */
  ListenProcess(String jdbcUrl) throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Listen.class.getName(),
                jdbcUrl)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    events = process.inputReader(StandardCharsets.UTF_8);
    acknowledgements = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
  }

  /** Waits for the next event, and returns it. */
  String nextEvent() throws IOException {
    String event = events.readLine();
    if (event == null) {
      throw new IOException("the listener has ended");
    }
    return event;
  }

  /** Acknowledges the event. */
  void acknowledge() {
    acknowledgements.println();
  }

  /** Kills the process, like {@code kill -9}, and waits until it has ended. */
  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
