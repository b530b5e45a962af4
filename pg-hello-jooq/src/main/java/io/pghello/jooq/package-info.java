// SPDX-License-Identifier: MIT
/**
 * The functions of the PostgreSQL extension {@code pg_hello} in jOOQ's words. Start with a static
 * import of {@link io.pghello.jooq.PgHello}. What generates code from a database of one's own is in
 * {@code io.pghello.jooq.codegen}.
 */
@NullMarked
package io.pghello.jooq;

import org.jspecify.annotations.NullMarked;
