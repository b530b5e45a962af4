// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import io.pghello.PgHelloListener;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the statements of the client. */
public final class StatementCounter implements PgHelloListener {
  private final AtomicInteger statements = new AtomicInteger();

  /** What is counted. */
  public interface Action {
    void run() throws Exception;
  }

  @Override
  public void statementEnded(StatementEnded event) {
    statements.incrementAndGet();
  }

  public int count(Action action) throws Exception {
    int before = statements.get();
    action.run();
    return statements.get() - before;
  }
}
