// SPDX-License-Identifier: MIT
package io.pghello.cli.system;

import io.pghello.cli.output.Failure;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The steps that a command has begun, and must take back if it does not come to its end: because it
 * fails, or because the program is told to end, as by {@code ^C}. The last step is taken back
 * first. Thread-safe.
 */
public final class Undo implements AutoCloseable {
  /** One thing to take back. */
  public interface Step {
    void run() throws Exception;
  }

  private final Deque<Step> steps = new ArrayDeque<>();
  private final Thread hook = new Thread(this::takeBack, "pghello-undo");
  private boolean ended;

  public Undo() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Does something, and remembers how it is taken back. */
  public synchronized void begin(Step action, Step back) {
    mustGoOn();
    // first, as the action may fail when it is half done
    steps.push(back);
    run(action);
  }

  /** Does what completes a step, which is then no more taken back, nor are later ones. */
  public synchronized void complete(Step step, Step action) {
    mustGoOn();
    run(action);
    while (steps.contains(step)) {
      steps.pop();
    }
  }

  /** Takes back a step whose time is over. Later ones stay, as they may be another thread's. */
  private synchronized void end(Step step) {
    if (steps.remove(step)) {
      run(step);
    }
  }

  /**
   * Creates an empty file. What creates it deletes it; the end of this program does so if it comes
   * first, as when one thread fails while another one waits for a program.
   */
  public synchronized Path temporaryFile(String suffix) throws IOException {
    mustGoOn();
    Path file = Files.createTempFile("pghello", suffix);
    file.toFile().deleteOnExit();
    return file;
  }

  /**
   * Runs a program to its end.
   *
   * @param environment is added to this program's, whose variables of libpq it replaces
   * @param out where its output goes
   * @throws Failure with the first lines of its messages if it fails
   */
  public void run(
      List<String> command, Map<String, String> environment, ProcessBuilder.Redirect out) {
    waitFor(start(command, environment, out));
  }

  public Running start(
      List<String> command, Map<String, String> environment, ProcessBuilder.Redirect out) {
    try {
      Path messages = temporaryFile(".err");
      var builder = new ProcessBuilder(command);
      builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
      builder.environment().putAll(environment);
      builder.environment().put("LC_MESSAGES", "C");
      builder.redirectInput(new File("/dev/null"));
      builder.redirectOutput(out);
      builder.redirectError(messages.toFile());
      synchronized (this) {
        mustGoOn();
        Process process = builder.start();
        Step stop = () -> stop(process, messages);
        steps.push(stop);
        return new Running(command.get(0), process, messages, stop);
      }
    } catch (IOException e) {
      throw Failure.unknown("cannot run " + command.get(0) + ": " + e.getMessage());
    }
  }

  public void waitFor(Running running) {
    try {
      int status = running.process().waitFor();
      String messages = Files.readString(running.messages(), StandardCharsets.UTF_8);
      end(running.stop());
      if (status != 0) {
        throw Failure.critical(
            messages.isBlank()
                ? running.program() + " ended with status " + status
                : String.join("; ", messages.strip().lines().limit(3).toList()));
      }
    } catch (IOException e) {
      throw Failure.critical("cannot read what " + running.program() + " says: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failure.critical("interrupted");
    }
  }

  /** A program that runs. */
  public record Running(String program, Process process, Path messages, Step stop) {}

  private static void stop(Process process, Path messages) throws Exception {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    Files.deleteIfExists(messages);
  }

  private void mustGoOn() {
    if (ended) {
      throw Failure.critical("interrupted");
    }
  }

  private static void run(Step step) {
    try {
      step.run();
    } catch (Exception e) {
      throw Failure.of(e);
    }
  }

  private synchronized void takeBack() {
    ended = true;
    while (!steps.isEmpty()) {
      try {
        steps.pop().run();
      } catch (Exception e) {
        System.err.println("pghello: could not be undone: " + e);
      }
    }
  }

  /** Takes back what is not completed. */
  @Override
  public void close() {
    takeBack();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the hook runs, as the program ends
      return;
    }
  }
}
