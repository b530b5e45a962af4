// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.TestDatabase;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
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
  String NAME = ContextDatabase.NAME;

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
    ConfigurableEnvironment environment = context.getEnvironment();
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource(NAME, properties(used.database(), environment)));
    if (parent != null && shared != null) {
      ContextPools.reset(parent, ContextDatabase::startAgain);
      return;
    }
    var beans = (DefaultListableBeanFactory) context.getBeanFactory();
    beans.registerSingleton(NAME, used);
    // beans are destroyed in reverse order, so the database is closed after the pools
    beans.registerDisposableBean(NAME, used::close);
  }

  /**
   * Returns the properties of all connections that Spring Boot configures: without those of
   * migrations and R2DBC, a test would change the database that the application's configuration
   * names.
   */
  private static Map<String, Object> properties(TestDatabase database, Environment configured) {
    String url = database.jdbcUrl();
    var properties = new HashMap<String, Object>();
    properties.put("spring.test.database.replace", "none");
    // the URL contains the login, but a username or password in the configuration would take
    // precedence, so both are overridden
    setLogin(properties, "spring.datasource.", "username", url, database);
    // these tools use the data source unless they have their own URL or user
    for (String tool : List.of("spring.flyway.", "spring.liquibase.")) {
      if (configured.containsProperty(tool + "url") || configured.containsProperty(tool + "user")) {
        setLogin(properties, tool, "user", url, database);
      }
    }
    if (configured.containsProperty("spring.r2dbc.url")) {
      // R2DBC rejects a password in the query
      String reactive = "r2" + url.substring("j".length()).replaceFirst("\\?.*", "");
      setLogin(properties, "spring.r2dbc.", "username", reactive, database);
    }
    return properties;
  }

  private static void setLogin(
      Map<String, Object> properties,
      String prefix,
      String user,
      String url,
      TestDatabase database) {
    properties.put(prefix + "url", url);
    properties.put(prefix + user, database.user());
    properties.put(prefix + "password", database.password());
  }
}
