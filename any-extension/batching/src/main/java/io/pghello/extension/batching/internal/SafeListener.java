// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.function.Consumer;

/**
 * Tells the program's listeners, one after the other, and keeps from the client what they throw.
 *
 * @param listeners the program's
 */
public record SafeListener(List<CallListener> listeners) implements CallListener {
  private static final Logger LOG = System.getLogger("io.pghello.extension.batching");

  /** Returns what tells these listeners; {@link Settings#NO_LISTENER} if there are none. */
  public static CallListener of(List<CallListener> listeners) {
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

  private void tell(Consumer<CallListener> event) {
    for (CallListener listener : listeners) {
      tell(listener, event);
    }
  }

  private static void tell(CallListener listener, Consumer<CallListener> event) {
    try {
      event.accept(listener);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "A listener failed; the call continues", e);
    }
  }
}
