// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Runs an external program. */
final class Command {
  private Command() {}

  /** Runs a program until it ends, and returns its output. Throws unless its exit code is 0. */
  static String run(ProcessBuilder program, int timeoutSeconds) throws IOException {
    // use a file instead of a pipe, because a server started by the program would keep a pipe open
    Path output = Files.createTempFile("bench", ".log");
    Process process = null;
    try {
      process = program.redirectOutput(output.toFile()).start();
      boolean ended = process.waitFor(timeoutSeconds, TimeUnit.SECONDS);
      String text = Files.readString(output);
      if (!ended || process.exitValue() != 0) {
        throw new IOException(String.join(" ", program.command()) + " failed: " + text);
      }
      return text;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(program.command().get(0));
    } finally {
      if (process != null) {
        process.destroyForcibly();
      }
      Files.delete(output);
    }
  }
}
