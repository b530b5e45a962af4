// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Helpers for virtual threads, and for a JVM that runs out of threads or of stack space. */
public final class Threads {
  /** The method {@code Thread.isVirtual}; null on a JDK without virtual threads. */
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

  /**
   * Returns whether a thread is virtual. A virtual thread can stop at any point, because it may
   * lose its carrier thread.
   */
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
   * Submits a task to an executor.
   *
   * @return false if the JVM cannot start a thread or has no memory for the task
   */
  public static boolean tryExecute(Executor executor, Runnable task) {
    try {
      executor.execute(task);
      return true;
    } catch (OutOfMemoryError e) {
      return false;
    }
  }

  /** Starts a thread of the client. Returns false if the JVM cannot start a thread. */
  public static boolean tryStart(String name, Runnable task) {
    return tryExecute(started -> new AsyncWorker(started, name).start(), task);
  }

  /**
   * Causes a stack overflow here unless the stack has room for the given number of frames. If the
   * stack overflowed later, while a lock is being acquired, the lock could remain locked.
   */
  static void requireStack(int frames) {
    int unused = recurse(frames);
  }

  private static int recurse(int frames) {
    return frames == 0 ? 0 : recurse(frames - 1) + 1;
  }
}
