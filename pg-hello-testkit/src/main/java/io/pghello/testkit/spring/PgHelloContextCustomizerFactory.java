// SPDX-License-Identifier: MIT
package io.pghello.testkit.spring;

import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import io.pghello.testkit.spring.AutoConfigurePgHello.Reset;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.MergedContextConfiguration;
import org.springframework.test.context.TestContextAnnotationUtils;

/** Creates the database of a context whose test says {@link AutoConfigurePgHello}. */
final class PgHelloContextCustomizerFactory implements ContextCustomizerFactory {
  static final String DATABASE = "io.pghello.testkit.spring.database";

  @Override
  public @Nullable ContextCustomizer createContextCustomizer(
      Class<?> test, List<ContextConfigurationAttributes> attributes) {
    AutoConfigurePgHello annotation =
        TestContextAnnotationUtils.findMergedAnnotation(test, AutoConfigurePgHello.class);
    return annotation == null ? null : new Customizer(annotation.reset());
  }

  /**
   * Spring caches contexts by what their customizers equal.
   *
   * @param reset so that tests that reset the database do not do so to others
   */
  private record Customizer(Reset reset) implements ContextCustomizer {
    @Override
    public void customizeContext(
        ConfigurableApplicationContext context, MergedContextConfiguration configuration) {
      TestDatabase database = PgHelloServer.shared().createDatabase();
      context
          .getEnvironment()
          .getPropertySources()
          .addFirst(
              new MapPropertySource(
                  DATABASE,
                  Map.of(
                      "spring.datasource.url",
                      database.jdbcUrl(),
                      // the URL has the log-in; others in the configuration would prevail over it
                      "spring.datasource.username",
                      database.user(),
                      "spring.datasource.password",
                      PgHelloServer.shared().password(),
                      "spring.test.database.replace",
                      "none")));
      var beans = (DefaultListableBeanFactory) context.getBeanFactory();
      beans.registerSingleton(DATABASE, new ContextDatabase(database));
      // beans are destroyed in reverse order, so this one after the pools
      beans.registerDisposableBean(
          DATABASE, () -> beans.getBean(DATABASE, ContextDatabase.class).close());
    }
  }
}
