// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.batching.CallListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.function.Consumer;

/**
 * Calls the program's listeners one after the other, and logs their exceptions.
 *
 * @param listeners the program's listeners
 */
public record SafeListener(List<CallListener> listeners) implements CallListener {
  private static final Logger LOG = System.getLogger("io.pghello.extension.batching");

  /**
   * Returns a listener that calls the given listeners; {@link Settings#NO_LISTENER} if there are no
   * listeners.
   */
  public static CallListener of(List<CallListener> listeners) {
    return listeners.isEmpty() ? Settings.NO_LISTENER : new SafeListener(List.copyOf(listeners));
  }

  @Override
  public void callEnded(CallEnded event) {
    publish(listener -> listener.callEnded(event));
  }

  @Override
  public void statementStarted(StatementStarted event) {
    publish(listener -> listener.statementStarted(event));
  }

  /**
   * Notifies the listeners in reverse order, so that the scopes that they open around a statement
   * nest correctly.
   */
  @Override
  public void statementEnded(StatementEnded event) {
    for (int i = listeners.size() - 1; i >= 0; i--) {
      publish(listeners.get(i), listener -> listener.statementEnded(event));
    }
  }

  @Override
  public void retrying(Retrying event) {
    publish(listener -> listener.retrying(event));
  }

  private void publish(Consumer<CallListener> event) {
    for (CallListener listener : listeners) {
      publish(listener, event);
    }
  }

  private static void publish(CallListener listener, Consumer<CallListener> event) {
    try {
      event.accept(listener);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.WARNING, "A listener failed; the call continues", e);
    }
  }
}
