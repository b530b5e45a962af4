// SPDX-License-Identifier: MIT
/** SQL as text: parameters, names, types, statements. Uses no connections. */
@NullMarked
package io.pghello.plugin.internal.sql;

import org.jspecify.annotations.NullMarked;
