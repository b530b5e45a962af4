// SPDX-License-Identifier: MIT
/**
 * The client of the PostgreSQL extension {@code pg_hello} in applications with Spring Boot. What
 * they use are {@link io.pghello.PgHelloClient}, the properties {@link
 * io.pghello.spring.boot.PgHelloProperties}, {@link
 * io.pghello.spring.boot.PgHelloClientCustomizer}, and {@link
 * io.pghello.spring.boot.SpringConnectionSource} for a second data source; the rest is for Spring.
 */
@NullMarked
package io.pghello.spring.boot;

import org.jspecify.annotations.NullMarked;
