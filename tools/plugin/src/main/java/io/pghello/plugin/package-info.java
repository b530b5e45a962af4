// SPDX-License-Identifier: MIT
/**
 * Named connections to PostgreSQL for programs that do not know their SQL beforehand. {@link
 * io.pghello.plugin.PostgresPlugin} keeps them; what is in {@code .internal} may change in any
 * release.
 */
@NullMarked
package io.pghello.plugin;

import org.jspecify.annotations.NullMarked;
