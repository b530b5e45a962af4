// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * Runtime hints for ahead-of-time processing: the pools that {@link DataSources} recognizes, and
 * the classes of JTA that {@link PgHelloAutoConfiguration} looks up. Spring Boot and the JDK find
 * all other classes without hints, and the jars of Hibernate and the client contain their own
 * metadata.
 */
final class PgHelloRuntimeHints implements RuntimeHintsRegistrar {
  @Override
  public void registerHints(RuntimeHints hints, @Nullable ClassLoader loader) {
    // these classes are looked up only by name
    Stream.of(PgHelloAutoConfiguration.JTA, PgHelloAutoConfiguration.USER_TRANSACTION)
        .forEach(type -> hints.reflection().registerTypeIfPresent(loader, type));
    DataSources.POOLS.forEach(pool -> hints.reflection().registerTypeIfPresent(loader, pool));
  }
}
