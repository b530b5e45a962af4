// SPDX-License-Identifier: MIT
/**
 * Spring Boot support for the PostgreSQL extension {@code pg_hello}. Applications use {@link
 * io.pghello.PgHelloClient}, the properties {@link io.pghello.spring.boot.PgHelloProperties},
 * {@link io.pghello.spring.boot.PgHelloClientCustomizer}, and, for a second data source, {@link
 * io.pghello.spring.boot.SpringConnectionSource}. The other classes are used only by Spring.
 */
@NullMarked
package io.pghello.spring.boot;

import org.jspecify.annotations.NullMarked;
