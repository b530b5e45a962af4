// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloProblem;
import java.lang.invoke.MethodHandles;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Gives the library, but no program, access to the constructor of exceptions. */
public final class ExceptionAccess {
  /** The constructor that programs do not see. */
  public interface Constructor {
    /** Creates an exception. */
    PgHelloException create(
        PgHelloProblem problem, @Nullable String sqlState, @Nullable Throwable cause);
  }

  private static final AtomicReference<@Nullable Constructor> CONSTRUCTOR = new AtomicReference<>();

  private ExceptionAccess() {}

  /**
   * Takes the constructor, once, when {@link PgHelloException} is initialized.
   *
   * @throws IllegalStateException if there is one
   */
  public static void provide(Constructor constructor) {
    initialize();
    if (!CONSTRUCTOR.compareAndSet(null, constructor)) {
      throw new IllegalStateException("There is a constructor");
    }
  }

  /** Has the class provide its constructor; returns at once if this thread is initializing it. */
  private static void initialize() {
    try {
      MethodHandles.lookup().ensureInitialized(PgHelloException.class);
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  public static PgHelloException create(
      PgHelloProblem problem, @Nullable String sqlState, @Nullable Throwable cause) {
    if (CONSTRUCTOR.get() == null) {
      initialize();
    }
    return Objects.requireNonNull(CONSTRUCTOR.get()).create(problem, sqlState, cause);
  }
}
