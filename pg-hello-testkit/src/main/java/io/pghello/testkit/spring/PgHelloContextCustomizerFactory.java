// SPDX-License-Identifier: MIT
package io.pghello.testkit.spring;

import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import io.pghello.extension.testkit.spring.DatabaseCustomizer;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.internal.ExtensionFiles;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.TestContextAnnotationUtils;

/** Finds the tests annotated with {@link AutoConfigurePgHello}. */
final class PgHelloContextCustomizerFactory implements ContextCustomizerFactory {
  @Override
  public @Nullable ContextCustomizer createContextCustomizer(
      Class<?> test, List<ContextConfigurationAttributes> attributes) {
    AutoConfigurePgHello annotation =
        TestContextAnnotationUtils.findMergedAnnotation(test, AutoConfigurePgHello.class);
    return annotation == null
        ? null
        : new Customizer(annotation.reset() == Reset.BEFORE_EACH_METHOD);
  }

  private record Customizer(boolean reset) implements DatabaseCustomizer {
    @Override
    public TestDatabase createDatabase() {
      ServerLocation place = ExtensionFiles.place();
      return place.isOurs()
          ? PgHelloServer.shared().createDatabase()
          : TestServerHandle.createDatabase(
              place, ExtensionFiles.NEEDS, () -> ExtensionFiles.NEEDS, null);
    }
  }
}
