// SPDX-License-Identifier: MIT
/**
 * Typed calls to the functions of the PostgreSQL extension {@code pg_hello}. Start with {@link
 * io.pghello.PgHelloClient#create}.
 */
@NullMarked
package io.pghello;

import org.jspecify.annotations.NullMarked;
