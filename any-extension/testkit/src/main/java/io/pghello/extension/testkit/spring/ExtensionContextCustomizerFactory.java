// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.server.NamedExtensions;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanUtils;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.MergedContextConfiguration;
import org.springframework.test.context.TestContextAnnotationUtils;

/** Finds tests that are annotated with {@link AutoConfigureExtensionDatabase}. */
final class ExtensionContextCustomizerFactory implements ContextCustomizerFactory {
  @Override
  public @Nullable ContextCustomizer createContextCustomizer(
      Class<?> test, List<ContextConfigurationAttributes> attributes) {
    AutoConfigureExtensionDatabase annotation =
        TestContextAnnotationUtils.findMergedAnnotation(test, AutoConfigureExtensionDatabase.class);
    if (annotation == null) {
      return null;
    }
    requireNearestIsUnique(test);
    return new Customizer(
        new NamedExtensions(
            annotation.extensions(),
            annotation.install(),
            annotation.settings(),
            annotation.create(),
            annotation.schema()),
        annotation.preparer(),
        annotation.reset() == Reset.BEFORE_EACH_METHOD);
  }

  /** Rejects a class with two composed annotations, because Spring would ignore one of them. */
  private static void requireNearestIsUnique(Class<?> test) {
    Class<?> annotated =
        Objects.requireNonNull(
                TestContextAnnotationUtils.findAnnotationDescriptor(
                    test, AutoConfigureExtensionDatabase.class))
            .getRootDeclaringClass();
    var found = MergedAnnotations.from(annotated, SearchStrategy.DIRECT);
    int nearest = found.get(AutoConfigureExtensionDatabase.class).getDistance();
    if (found.stream(AutoConfigureExtensionDatabase.class)
        .skip(1)
        .anyMatch(each -> each.getDistance() == nearest)) {
      throw new IllegalStateException(
          annotated + " has two annotations that each provide a database: keep only one of them");
    }
  }

  /**
   * Provides a context with its own database. Spring shares a context among tests with equal
   * customizers. In a hierarchy of contexts, child contexts use the database of their parent.
   */
  private record Customizer(
      NamedExtensions extensions, Class<? extends DatabasePreparer> preparer, boolean reset)
      implements ContextCustomizer {
    @Override
    public void customizeContext(
        ConfigurableApplicationContext context, MergedContextConfiguration configuration) {
      ApplicationContext parent = configuration.getParentApplicationContext();
      ContextDatabase shared =
          parent != null && parent.containsBean(ContextDatabase.NAME)
              ? parent.getBean(ContextDatabase.NAME, ContextDatabase.class)
              : null;
      ContextDatabase used = shared != null ? shared : new ContextDatabase(createDatabase(), reset);
      ConfigurableEnvironment environment = context.getEnvironment();
      environment
          .getPropertySources()
          .addFirst(
              new MapPropertySource(
                  ContextDatabase.NAME, properties(used.database(), environment)));
      if (parent != null && shared != null) {
        ContextPools.reset(parent, ContextDatabase::startAgain);
        return;
      }
      var beans = (DefaultListableBeanFactory) context.getBeanFactory();
      beans.registerSingleton(ContextDatabase.NAME, used);
      // beans are destroyed in reverse order, so the database is closed after the pools
      beans.registerDisposableBean(ContextDatabase.NAME, used::close);
    }

    /** Creates the database, which is closed together with the context. */
    private TestDatabase createDatabase() {
      return TestServerHandle.createDatabase(
          ServerLocation.ofAny(),
          extensions,
          extensions::needs,
          preparer == DatabasePreparer.class ? null : BeanUtils.instantiateClass(preparer));
    }
  }

  /**
   * Returns the properties of all connections that Spring Boot configures. If the properties of
   * migrations and R2DBC were missing, a test would change the database that the application's
   * configuration names.
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
