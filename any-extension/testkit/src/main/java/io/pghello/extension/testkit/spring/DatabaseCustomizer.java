// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.TestDatabase;
import java.util.Map;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.MergedContextConfiguration;

/**
 * Provides a separate database for a context: the implementation of {@link
 * AutoConfigureExtensionDatabase} and of the annotation in pg-hello-testkit. Public only for the
 * latter.
 *
 * <p>Spring shares a context between tests with equal customizers, so implementations are records
 * of all properties of the database.
 */
public interface DatabaseCustomizer extends ContextCustomizer {
  /** The name of the bean that has the database, and of the source of its properties. */
  String NAME = "io.pghello.extension.testkit.spring.database";

  /** Returns whether each test method finds the database as the first one has found it. */
  boolean reset();

  /** Creates the database. It is closed with the context. */
  TestDatabase createDatabase();

  @Override
  default void customizeContext(
      ConfigurableApplicationContext context, MergedContextConfiguration configuration) {
    if (context.getBeanFactory().containsSingleton(NAME)) {
      throw new IllegalStateException(
          "the test has two annotations that each give it a database: leave one of them");
    }
    TestDatabase database = createDatabase();
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                NAME,
                Map.of(
                    "spring.datasource.url",
                    database.jdbcUrl(),
                    // the URL contains the login, which other properties would override
                    "spring.datasource.username",
                    database.user(),
                    "spring.datasource.password",
                    database.password(),
                    "spring.test.database.replace",
                    "none")));
    var beans = (DefaultListableBeanFactory) context.getBeanFactory();
    beans.registerSingleton(NAME, new ContextDatabase(database, reset()));
    // beans are destroyed in reverse order, so this one is destroyed after the pools
    beans.registerDisposableBean(NAME, () -> beans.getBean(NAME, ContextDatabase.class).close());
  }
}
