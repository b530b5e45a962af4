// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import io.pghello.extension.testkit.internal.server.NamedExtensions;
import io.pghello.extension.testkit.internal.server.TestServerHandle;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase.Reset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanUtils;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.TestContextAnnotationUtils;

/** Finds tests that are annotated with {@link AutoConfigureExtensionDatabase}. */
final class ExtensionContextCustomizerFactory implements ContextCustomizerFactory {
  @Override
  public @Nullable ContextCustomizer createContextCustomizer(
      Class<?> test, List<ContextConfigurationAttributes> attributes) {
    AutoConfigureExtensionDatabase annotation =
        TestContextAnnotationUtils.findMergedAnnotation(test, AutoConfigureExtensionDatabase.class);
    return annotation == null
        ? null
        : new Customizer(
            new NamedExtensions(
                annotation.extensions(),
                annotation.install(),
                annotation.settings(),
                annotation.create(),
                annotation.schema()),
            annotation.preparer(),
            annotation.reset() == Reset.BEFORE_EACH_METHOD);
  }

  private record Customizer(
      NamedExtensions extensions, Class<? extends DatabasePreparer> preparer, boolean reset)
      implements DatabaseCustomizer {
    @Override
    public TestDatabase createDatabase() {
      return TestServerHandle.createDatabase(
          ServerLocation.ofAny(),
          extensions,
          extensions::needs,
          preparer == DatabasePreparer.class ? null : newPreparer());
    }

    private DatabasePreparer newPreparer() {
      return BeanUtils.instantiateClass(preparer);
    }
  }
}
