// SPDX-License-Identifier: MIT
/**
 * Parses and generates the text of SQL: parameters, names, types, statements. Uses no connections.
 */
@NullMarked
package io.pghello.plugin.internal.sql;

import org.jspecify.annotations.NullMarked;
