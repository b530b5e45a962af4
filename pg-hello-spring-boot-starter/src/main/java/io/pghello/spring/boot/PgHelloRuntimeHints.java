// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * Runtime hints for ahead-of-time processing: the class that Hibernate instantiates because an
 * annotation refers to it, and the pools that {@link DataSources} recognizes. Spring Boot and the
 * JDK find all other classes without hints.
 */
final class PgHelloRuntimeHints implements RuntimeHintsRegistrar {
  static final String BINDER = "io.pghello.hibernate.internal.ServerValueBinder";

  @Override
  public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
    hints
        .reflection()
        .registerTypeIfPresent(loader, BINDER, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS);
    // these classes are looked up only by name
    DataSources.POOLS.forEach(pool -> hints.reflection().registerTypeIfPresent(loader, pool));
  }
}
