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
 * The cleanup steps of a command. Steps that have not been completed run when the stack is closed,
 * or when the program is terminated, e.g. by {@code ^C}. They run in the reverse order of their
 * registration. Thread-safe.
 */
public final class CleanupStack implements AutoCloseable {
  /** A cleanup step. */
  public interface Step {
    void run() throws Exception;
  }

  private final Deque<Step> steps = new ArrayDeque<>();
  private final Thread hook = new Thread(this::undoAll, "pghello-undo");
  private boolean ended;

  public CleanupStack() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Runs an action, and registers the step that reverts it. */
  public synchronized void begin(Step action, Step back) {
    checkNotEnded();
    // Register first, because the action may fail halfway.
    steps.push(back);
    run(action);
  }

  /** Runs the action that completes a step, and unregisters the step and all later ones. */
  public synchronized void complete(Step step, Step action) {
    checkNotEnded();
    run(action);
    while (steps.contains(step)) {
      steps.pop();
    }
  }

  /**
   * Runs a step and unregisters it. Later steps stay registered, because they may belong to another
   * thread.
   */
  private synchronized void end(Step step) {
    if (steps.remove(step)) {
      run(step);
    }
  }

  /**
   * Creates an empty temporary file, which the caller must delete. The file is also deleted if the
   * program exits before then, for example if one thread fails while another one waits for a child
   * process.
   */
  public synchronized Path temporaryFile(String suffix) throws IOException {
    checkNotEnded();
    Path file = Files.createTempFile("pghello", suffix);
    file.toFile().deleteOnExit();
    return file;
  }

  /**
   * Runs a program and waits for it.
   *
   * @param environment the variables to add; all inherited libpq variables are removed
   * @param out the destination of the program's output
   * @throws Failure if the program fails; the failure's message contains the first lines of the
   *     program's error messages
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
        checkNotEnded();
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
      throw Failure.critical("cannot read the error messages of " + running.program() + ": " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Failure.critical("interrupted");
    }
  }

  /** Terminates a program, and deletes its messages. */
  public void stop(Running running) {
    end(running.stop());
  }

  /** A running child process. */
  public record Running(String program, Process process, Path messages, Step stop) {}

  private static void stop(Process process, Path messages) throws Exception {
    process.destroy();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    Files.deleteIfExists(messages);
  }

  private void checkNotEnded() {
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

  private synchronized void undoAll() {
    ended = true;
    while (!steps.isEmpty()) {
      try {
        steps.pop().run();
      } catch (Exception e) {
        System.err.println("pghello: cleanup failed: " + e);
      }
    }
  }

  /** Runs all registered steps. */
  @Override
  public void close() {
    undoAll();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The shutdown hook is running, because the program is exiting.
      return;
    }
  }
}
