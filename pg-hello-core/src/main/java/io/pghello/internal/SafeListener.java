// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloException;
import io.pghello.PgHelloListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Keeps from the client what a listener throws.
 *
 * @param listener the program's
 */
public record SafeListener(PgHelloListener listener) implements PgHelloListener {
  private static final Logger LOG = System.getLogger("io.pghello");

  @Override
  public void callEnded(String function, long nanos, @Nullable PgHelloException error) {
    tell(() -> listener.callEnded(function, nanos, error));
  }

  @Override
  public void waited(long nanos) {
    tell(() -> listener.waited(nanos));
  }

  @Override
  public void statementEnded(int calls, long nanos, @Nullable PgHelloException error) {
    tell(() -> listener.statementEnded(calls, nanos, error));
  }

  @Override
  public void retrying(PgHelloException reason) {
    tell(() -> listener.retrying(reason));
  }

  private static void tell(Runnable event) {
    try {
      event.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "A PgHelloListener failed; the call goes on", e);
    }
  }
}
