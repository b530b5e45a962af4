// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import org.junit.jupiter.api.Test;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.TypeReference;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.beans.factory.aot.AotServices;

/** What ahead-of-time processing is told; scripts/ci/consumer.sh runs an application with it. */
class RuntimeHintsIT {
  @Test
  void nameWhatIsFoundByItsName() {
    var hints = new RuntimeHints();
    for (RuntimeHintsRegistrar registrar :
        AotServices.factories().load(RuntimeHintsRegistrar.class)) {
      if (registrar.getClass().getPackage().equals(getClass().getPackage())) {
        registrar.registerHints(hints, getClass().getClassLoader());
      }
    }

    assertThat(
            RuntimeHintsPredicates.reflection()
                .onType(TypeReference.of(PgHelloRuntimeHints.BINDER))
                .withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS))
        .accepts(hints);
    assertThat(RuntimeHintsPredicates.reflection().onType(HikariDataSource.class)).accepts(hints);
  }

  @Test
  void nameNothingThatIsNotThere() {
    var hints = new RuntimeHints();
    new PgHelloRuntimeHints().registerHints(hints, ClassLoader.getPlatformClassLoader());
    assertThat(hints.reflection().typeHints()).isEmpty();
  }
}
