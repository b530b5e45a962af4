// SPDX-License-Identifier: MIT
/**
 * A real PostgreSQL server with the extension {@code pg_hello}, for tests and demos: embedded
 * ({@link io.pghello.testkit.PgHelloServer}), in a container ({@link
 * io.pghello.testkit.PgHelloContainer}), and in JUnit ({@link io.pghello.testkit.PgHelloTest}). Do
 * not use it in production.
 */
@NullMarked
package io.pghello.testkit;

import org.jspecify.annotations.NullMarked;
