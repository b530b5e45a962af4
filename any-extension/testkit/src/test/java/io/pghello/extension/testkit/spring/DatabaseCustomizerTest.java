// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.fail;

import io.pghello.extension.testkit.TestDatabase;
import org.junit.jupiter.api.Test;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.test.context.MergedContextConfiguration;

/** Tests that do not need a server. */
class DatabaseCustomizerTest {
  private record Another(boolean reset) implements DatabaseCustomizer {
    @Override
    public TestDatabase createDatabase() {
      return fail("must not be called");
    }
  }

  @Test
  void rejectsASecondDatabaseBeforeCreatingIt() {
    try (var context = new GenericApplicationContext()) {
      context.getBeanFactory().registerSingleton(DatabaseCustomizer.NAME, "the first one");
      var configuration =
          new MergedContextConfiguration(getClass(), null, null, null, /* contextLoader= */ null);
      assertThatThrownBy(() -> new Another(false).customizeContext(context, configuration))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "the test has two annotations that each provide a database: keep only one of them");
    }
  }
}
