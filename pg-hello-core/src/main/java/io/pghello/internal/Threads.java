// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.concurrent.Executor;

/** What to do where the JVM has no thread, or no stack, for what is to be done. */
public final class Threads {
  private Threads() {}

  /**
   * Has an executor execute a task.
   *
   * @return false if it cannot start a thread for it, or has no memory
   */
  public static boolean tryExecute(Executor executor, Runnable task) {
    try {
      executor.execute(task);
      return true;
    } catch (OutOfMemoryError e) {
      return false;
    }
  }

  /** Starts a thread of the client; returns false if the JVM cannot. */
  public static boolean tryStart(String name, Runnable task) {
    return tryExecute(started -> new AsyncWorker(started, name).start(), task);
  }

  /**
   * Overflows the stack here unless it has room for a number of frames: a lock that is taken where
   * it overflows can stay locked.
   */
  static void requireStack(int frames) {
    int unused = recurse(frames);
  }

  private static int recurse(int frames) {
    return frames == 0 ? 0 : recurse(frames - 1) + 1;
  }
}
