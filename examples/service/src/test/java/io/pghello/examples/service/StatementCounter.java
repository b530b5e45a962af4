// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import io.pghello.extension.batching.CallListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Counts the statements of the client. */
public final class StatementCounter implements CallListener {
  private final List<Integer> sizes = new CopyOnWriteArrayList<>();

  /** The code to observe. */
  public interface Action {
    void run() throws Exception;
  }

  @Override
  public void statementEnded(StatementEnded event) {
    sizes.add(event.calls());
  }

  /** Runs the code, and returns the number of statements that it executed. */
  public int count(Action action) throws Exception {
    return sizes(action).size();
  }

  /** Runs the code, and returns the number of names or calls in each statement that it executed. */
  public List<Integer> sizes(Action action) throws Exception {
    int before = sizes.size();
    action.run();
    return new ArrayList<>(sizes.subList(before, sizes.size()));
  }
}
