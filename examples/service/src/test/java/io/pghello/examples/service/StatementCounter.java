// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import io.pghello.PgHelloListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Notes the statements of the client. */
public final class StatementCounter implements PgHelloListener {
  private final List<Integer> sizes = new CopyOnWriteArrayList<>();

  /** What is counted. */
  public interface Action {
    void run() throws Exception;
  }

  @Override
  public void statementEnded(StatementEnded event) {
    sizes.add(event.calls());
  }

  /** Returns how many statements there are meanwhile. */
  public int count(Action action) throws Exception {
    return sizes(action).size();
  }

  /** Returns how many names or calls each statement has that there is meanwhile. */
  public List<Integer> sizes(Action action) throws Exception {
    int before = sizes.size();
    action.run();
    return new ArrayList<>(sizes.subList(before, sizes.size()));
  }
}
