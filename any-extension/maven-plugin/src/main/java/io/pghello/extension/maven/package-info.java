// SPDX-License-Identifier: MIT
/**
 * Goals that build a PostgreSQL extension from its sources with PGXS, put it into a jar from which
 * tests take it, and run the tests that its Makefile names.
 */
@NullMarked
package io.pghello.extension.maven;

import org.jspecify.annotations.NullMarked;
