// SPDX-License-Identifier: MIT
/**
 * Real PostgreSQL servers with the extension {@code pg_hello}, for tests and demos. A server can be
 * embedded ({@link io.pghello.testkit.PgHelloServer}) or run in a container ({@link
 * io.pghello.testkit.PgHelloContainer}). {@link io.pghello.testkit.PgHelloTest} provides JUnit
 * tests with databases on such a server. Do not use these servers in production.
 */
@NullMarked
package io.pghello.testkit;

import org.jspecify.annotations.NullMarked;
