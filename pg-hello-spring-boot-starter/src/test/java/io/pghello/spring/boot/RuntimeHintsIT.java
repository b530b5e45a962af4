// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import jakarta.transaction.UserTransaction;
import org.junit.jupiter.api.Test;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.beans.factory.aot.AotServices;
import org.springframework.transaction.jta.JtaTransactionManager;

/** The hints for ahead-of-time processing. scripts/ci/consumer.sh runs an application with them. */
class RuntimeHintsIT {
  @Test
  void registerClassesFoundByName() {
    var hints = new RuntimeHints();
    for (RuntimeHintsRegistrar registrar :
        AotServices.factories().load(RuntimeHintsRegistrar.class)) {
      if (registrar.getClass().getPackage().equals(getClass().getPackage())) {
        registrar.registerHints(hints, getClass().getClassLoader());
      }
    }

    assertThat(RuntimeHintsPredicates.reflection().onType(HikariDataSource.class)).accepts(hints);
    // otherwise calls in transactions of JTA would share statements
    assertThat(RuntimeHintsPredicates.reflection().onType(JtaTransactionManager.class))
        .accepts(hints);
    assertThat(RuntimeHintsPredicates.reflection().onType(UserTransaction.class)).accepts(hints);
  }

  @Test
  void registerNoMissingClasses() {
    var hints = new RuntimeHints();
    new PgHelloRuntimeHints().registerHints(hints, ClassLoader.getPlatformClassLoader());
    assertThat(hints.reflection().typeHints()).isEmpty();
  }
}
