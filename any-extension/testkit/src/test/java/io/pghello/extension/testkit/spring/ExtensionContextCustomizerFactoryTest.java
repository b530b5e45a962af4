// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.core.annotation.AliasFor;
import org.springframework.test.context.ContextCustomizer;

/** Annotations that are composed of {@link AutoConfigureExtensionDatabase}. */
class ExtensionContextCustomizerFactoryTest {
  @Retention(RetentionPolicy.RUNTIME)
  @AutoConfigureExtensionDatabase(extensions = "hstore")
  @interface HstoreDatabase {
    @AliasFor(annotation = AutoConfigureExtensionDatabase.class)
    boolean create() default true;
  }

  @Retention(RetentionPolicy.RUNTIME)
  @AutoConfigureExtensionDatabase(extensions = "cube")
  @interface CubeDatabase {}

  @HstoreDatabase(create = false)
  static class Composed {}

  @AutoConfigureExtensionDatabase(extensions = "hstore", create = false)
  static class Direct {}

  @HstoreDatabase(create = false)
  @AutoConfigureExtensionDatabase(extensions = "cube")
  static class Both {}

  @HstoreDatabase
  @CubeDatabase
  static class Ambiguous {}

  private static @Nullable ContextCustomizer customizer(Class<?> test) {
    return new ExtensionContextCustomizerFactory().createContextCustomizer(test, List.of());
  }

  @Test
  void usesTheAttributesOfTheNearestAnnotation() {
    assertThat(customizer(Composed.class))
        .isEqualTo(customizer(Direct.class))
        .isNotEqualTo(customizer(Both.class));
    assertThat(customizer(Object.class)).isNull();
  }

  @Test
  void rejectsTwoComposedAnnotations() {
    assertThatThrownBy(() -> customizer(Ambiguous.class))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith(
            "Ambiguous has two annotations that each provide a database: keep only one of them");
  }
}
