// SPDX-License-Identifier: MIT
/**
 * Goals that build a PostgreSQL extension from its sources with PGXS, and put it into a jar from
 * which tests take it.
 */
@NullMarked
package io.pghello.extension.maven;

import org.jspecify.annotations.NullMarked;
