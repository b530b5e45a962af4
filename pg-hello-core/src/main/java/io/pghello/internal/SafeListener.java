// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Keeps from the client what a listener throws.
 *
 * @param listener the program's
 */
public record SafeListener(PgHelloListener listener) implements PgHelloListener {
  private static final Logger LOG = System.getLogger("io.pghello");

  @Override
  public void callEnded(CallEnded event) {
    tell(() -> listener.callEnded(event));
  }

  @Override
  public void statementEnded(StatementEnded event) {
    tell(() -> listener.statementEnded(event));
  }

  @Override
  public void retrying(Retrying event) {
    tell(() -> listener.retrying(event));
  }

  private static void tell(Runnable event) {
    try {
      event.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "A PgHelloListener failed; the call goes on", e);
    }
  }
}
