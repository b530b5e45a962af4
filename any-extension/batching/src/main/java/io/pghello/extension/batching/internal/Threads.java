// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Helpers for threads: their kind, and the treatment of a JVM that has no thread, or no stack for
 * one.
 */
public final class Threads {
  /** Null on a JDK without virtual threads. */
  private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

  private Threads() {}

  private static @Nullable MethodHandle isVirtual() {
    try {
      return MethodHandles.publicLookup()
          .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  /** Returns whether a thread is virtual: it may get no carrier, and then stands still anywhere. */
  public static boolean isVirtual(Thread thread) {
    try {
      return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(thread);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

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
