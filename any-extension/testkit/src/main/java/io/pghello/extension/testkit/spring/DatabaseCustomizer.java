// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.TestDatabase;
import java.util.Map;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.MergedContextConfiguration;

/**
 * Provides a Spring context with its own database, for {@link AutoConfigureExtensionDatabase} and
 * the corresponding annotation of pg-hello-testkit. Public only for pg-hello-testkit.
 *
 * <p>Spring shares a context among tests with equal customizers, so implementations should be
 * records with a component for each setting that affects the database. In a hierarchy of contexts,
 * child contexts use the database of their parent.
 */
public interface DatabaseCustomizer extends ContextCustomizer {
  /** The name of the bean that contains the database, and of the property source. */
  String NAME = "io.pghello.extension.testkit.spring.database";

  /** Returns whether the database is restored before each test method. */
  boolean reset();

  /** Creates the database, which is closed together with the context. */
  TestDatabase createDatabase();

  @Override
  default void customizeContext(
      ConfigurableApplicationContext context, MergedContextConfiguration configuration) {
    if (context.getBeanFactory().containsSingleton(NAME)) {
      throw new IllegalStateException(
          "the test has two annotations that each provide a database: keep only one of them");
    }
    ApplicationContext parent = configuration.getParentApplicationContext();
    ContextDatabase shared =
        parent != null && parent.containsBean(NAME)
            ? parent.getBean(NAME, ContextDatabase.class)
            : null;
    ContextDatabase used = shared != null ? shared : new ContextDatabase(createDatabase(), reset());
    TestDatabase database = used.database();
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                NAME,
                Map.of(
                    "spring.datasource.url",
                    database.jdbcUrl(),
                    // the URL contains the login, but a username or password in the configuration
                    // would take precedence, so both are overridden
                    "spring.datasource.username",
                    database.user(),
                    "spring.datasource.password",
                    database.password(),
                    "spring.test.database.replace",
                    "none")));
    if (parent != null && shared != null) {
      ResetTestExecutionListener.reset(parent, ContextDatabase::startAgain);
      return;
    }
    var beans = (DefaultListableBeanFactory) context.getBeanFactory();
    beans.registerSingleton(NAME, used);
    // beans are destroyed in reverse order, so the database is closed after the pools
    beans.registerDisposableBean(NAME, used::close);
  }
}
