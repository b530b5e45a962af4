// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * Runtime hints for ahead-of-time processing: the class that Hibernate instantiates because an
 * annotation refers to it, the pools that {@link DataSources} recognizes, and the classes of JTA
 * that {@link PgHelloAutoConfiguration} looks up. Spring Boot and the JDK find all other classes
 * without hints.
 */
final class PgHelloRuntimeHints implements RuntimeHintsRegistrar {
  static final String BINDER = "io.pghello.hibernate.internal.ServerValueBinder";

  @Override
  public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
    hints
        .reflection()
        .registerTypeIfPresent(loader, BINDER, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS);
    // these classes are looked up only by name
    Stream.of(PgHelloAutoConfiguration.JTA, PgHelloAutoConfiguration.USER_TRANSACTION)
        .forEach(type -> hints.reflection().registerTypeIfPresent(loader, type));
    DataSources.POOLS.forEach(pool -> hints.reflection().registerTypeIfPresent(loader, pool));
  }
}
