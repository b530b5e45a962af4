// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.function.Consumer;

/**
 * Tells the program's listeners, one after the other, and keeps from the client what they throw.
 *
 * @param listeners the program's
 */
public record SafeListener(List<PgHelloListener> listeners) implements PgHelloListener {
  private static final Logger LOG = System.getLogger("io.pghello");

  /** Returns what tells these listeners; {@link Settings#NO_LISTENER} if there are none. */
  public static PgHelloListener of(List<PgHelloListener> listeners) {
    return listeners.isEmpty() ? Settings.NO_LISTENER : new SafeListener(List.copyOf(listeners));
  }

  @Override
  public void callEnded(CallEnded event) {
    tell(listener -> listener.callEnded(event));
  }

  @Override
  public void statementStarting(StatementStarting event) {
    tell(listener -> listener.statementStarting(event));
  }

  /** Tells the last one first: what they have opened around the statement, as scopes, nests. */
  @Override
  public void statementEnded(StatementEnded event) {
    for (int i = listeners.size() - 1; i >= 0; i--) {
      tell(listeners.get(i), listener -> listener.statementEnded(event));
    }
  }

  @Override
  public void retrying(Retrying event) {
    tell(listener -> listener.retrying(event));
  }

  private void tell(Consumer<PgHelloListener> event) {
    for (PgHelloListener listener : listeners) {
      tell(listener, event);
    }
  }

  private static void tell(PgHelloListener listener, Consumer<PgHelloListener> event) {
    try {
      event.accept(listener);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "A PgHelloListener failed; the call goes on", e);
    }
  }
}
