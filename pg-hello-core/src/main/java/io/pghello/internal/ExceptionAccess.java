// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloProblem;
import java.lang.invoke.MethodHandles;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Lets the library, but no program, create exceptions with all that they can say. */
public final class ExceptionAccess {
  /** The constructor that programs do not see. */
  public interface Constructor {
    /** Creates an exception. */
    PgHelloException create(
        PgHelloProblem problem, @Nullable String sqlState, @Nullable Throwable cause);
  }

  private static volatile @Nullable Constructor constructor;

  private ExceptionAccess() {}

  /** Takes the constructor, when {@link PgHelloException} is initialized. */
  public static void provide(Constructor constructor) {
    ExceptionAccess.constructor = constructor;
  }

  static PgHelloException create(
      PgHelloProblem problem, @Nullable String sqlState, @Nullable Throwable cause) {
    if (constructor == null) {
      try {
        MethodHandles.lookup().ensureInitialized(PgHelloException.class);
      } catch (IllegalAccessException e) {
        throw new AssertionError(e);
      }
    }
    return Objects.requireNonNull(constructor).create(problem, sqlState, cause);
  }
}
