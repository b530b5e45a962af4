// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import org.springframework.test.context.TestContext;
import org.springframework.test.context.TestContextAnnotationUtils;
import org.springframework.test.context.jdbc.Sql;
import org.springframework.test.context.support.AbstractTestExecutionListener;

/**
 * Restores the database of a Spring context before each test method, and before the preparations of
 * each test class, if the annotation of the test class enables this.
 */
final class ResetTestExecutionListener extends AbstractTestExecutionListener {
  // runs after the context is loaded (2000), before the test's transaction begins (4000), and
  // before scripts run (5000)
  private static final int ORDER = 3500;

  @Override
  public int getOrder() {
    return ORDER;
  }

  /**
   * Does not load the context, because {@code @BeforeAll} may prepare files or data for the
   * application. If the class has scripts, Spring loads the context anyway, to run the scripts.
   */
  @Override
  public void beforeTestClass(TestContext test) {
    if (test.hasApplicationContext() || hasScripts(test.getTestClass())) {
      ContextPools.reset(
          test.getApplicationContext(), database -> database.enter(test.getTestClass()));
    }
  }

  private static boolean hasScripts(Class<?> test) {
    return TestContextAnnotationUtils.getMergedRepeatableAnnotations(test, Sql.class).stream()
        .anyMatch(sql -> sql.executionPhase() == Sql.ExecutionPhase.BEFORE_TEST_CLASS);
  }

  @Override
  public void prepareTestInstance(TestContext test) {
    if (test.hasApplicationContext()) {
      ContextPools.reset(test.getApplicationContext(), ContextDatabase::start);
    }
  }

  @Override
  public void beforeTestMethod(TestContext test) {
    if (test.hasApplicationContext()) {
      ContextPools.reset(
          test.getApplicationContext(), database -> database.beforeMethod(test.getTestClass()));
    }
  }

  @Override
  public void afterTestClass(TestContext test) {
    if (test.hasApplicationContext()) {
      ContextPools.reset(
          test.getApplicationContext(),
          database -> {
            database.leave(test.getTestClass());
            return false;
          });
    }
  }
}
