// SPDX-License-Identifier: MIT
/**
 * Named connections to PostgreSQL for programs that receive their SQL at runtime. {@link
 * io.pghello.plugin.PostgresPlugin} manages them. The {@code internal} packages may change in any
 * release.
 */
@NullMarked
package io.pghello.plugin;

import org.jspecify.annotations.NullMarked;
