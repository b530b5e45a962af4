// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * Tells ahead-of-time processing which class Hibernate instantiates because an annotation names it,
 * and which pools {@link DataSources} knows. What else is found by its name, Spring Boot and the
 * JDK know by themselves.
 */
final class PgHelloRuntimeHints implements RuntimeHintsRegistrar {
  static final String BINDER = "io.pghello.hibernate.internal.ServerValueBinder";

  @Override
  public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
    hints
        .reflection()
        .registerTypeIfPresent(loader, BINDER, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS);
    // asked for by their names alone
    DataSources.POOLS.forEach(pool -> hints.reflection().registerTypeIfPresent(loader, pool));
  }
}
