// SPDX-License-Identifier: MIT
/**
 * The functions of the PostgreSQL extension {@code pg_hello} for jOOQ. Start with a static import
 * of {@link io.pghello.jooq.PgHello}. To generate code from your database, see {@code
 * io.pghello.jooq.codegen}.
 */
@NullMarked
package io.pghello.jooq;

import org.jspecify.annotations.NullMarked;
