// SPDX-License-Identifier: MIT
/**
 * Goals that build a PostgreSQL extension from its sources with PGXS, package it into a jar from
 * which tests can load it, and run the tests listed in its Makefile.
 */
@NullMarked
package io.pghello.extension.maven;

import org.jspecify.annotations.NullMarked;
