// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.TestDatabase;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The database of a Spring context and its child contexts, and a stack of its earlier states: at
 * the bottom, the state after the application's start; above it, for each test class that is
 * running, the state after the preparations of the class, such as {@code @BeforeAll}. A nested
 * class is above the class that encloses it. Not thread-safe.
 *
 * <p>Methods return whether they have ended the sessions in the database.
 */
final class ContextDatabase implements AutoCloseable {
  /** The name of the bean that contains the database. */
  static final String NAME = "io.pghello.extension.testkit.spring.database";

  private final TestDatabase database;
  private final boolean resets;
  private final Deque<State> states = new ArrayDeque<>();
  // whether tests may have changed the database
  private boolean dirty;

  /** A state. A test class has no copy of its state before the first test method. */
  private static final class State {
    /** The test class; null for the state after the application's start. */
    final @Nullable Class<?> test;

    @Nullable TestDatabase copy;

    State(@Nullable Class<?> test) {
      this.test = test;
    }
  }

  ContextDatabase(TestDatabase database, boolean resets) {
    this.database = database;
    this.resets = resets;
  }

  TestDatabase database() {
    return database;
  }

  /** Copies the state after the application's start if there is no copy. */
  boolean start() {
    if (!resets || !states.isEmpty()) {
      return false;
    }
    states.push(new State(null));
    return copyOrRestore();
  }

  /** Removes the changes of tests, and begins a test class, before the class's preparations. */
  boolean enter(Class<?> test) {
    if (!resets) {
      return false;
    }
    boolean ended = start();
    leaveOthers(test);
    // copies the state of the enclosing class if none of its methods has run
    if (dirty || states.element().copy == null) {
      ended = copyOrRestore();
    }
    states.push(new State(test));
    return ended;
  }

  /** Restores the state of a test class, which is copied before its first method. */
  boolean beforeMethod(Class<?> test) {
    if (!resets) {
      return false;
    }
    start();
    leaveOthers(test);
    if (states.element().test != test) {
      // the context was loaded after the class's preparations had begun
      if (dirty) {
        copyOrRestore();
      }
      states.push(new State(test));
    }
    copyOrRestore();
    dirty = true;
    return true;
  }

  /** Ends a test class. */
  void leave(Class<?> test) {
    while (!states.isEmpty() && encloses(test, states.element().test)) {
      pop();
    }
    dirty = true;
  }

  /** Prepares for the start of a child context, which may change the state after the start. */
  boolean startAgain() {
    if (states.isEmpty()) {
      return false;
    }
    while (states.element().test != null) {
      pop();
    }
    boolean ended = dirty && copyOrRestore();
    pop();
    dirty = false;
    return ended;
  }

  /** Leaves all classes except those that enclose the test class. */
  private void leaveOthers(Class<?> test) {
    while (states.element().test != null && !encloses(states.element().test, test)) {
      pop();
    }
  }

  private static boolean encloses(@Nullable Class<?> outer, @Nullable Class<?> inner) {
    for (Class<?> each = inner; each != null; each = each.getEnclosingClass()) {
      if (each == outer) {
        return true;
      }
    }
    return false;
  }

  private boolean copyOrRestore() {
    State state = states.element();
    if (state.copy == null) {
      state.copy = database.copy();
    } else {
      database.restoreFrom(state.copy);
    }
    dirty = false;
    return true;
  }

  private void pop() {
    TestDatabase copy = states.pop().copy;
    if (copy != null) {
      copy.close();
    }
    dirty = true;
  }

  @Override
  public void close() {
    // drop the copies first, because closing the database may stop the server
    while (!states.isEmpty()) {
      pop();
    }
    database.close();
  }
}
