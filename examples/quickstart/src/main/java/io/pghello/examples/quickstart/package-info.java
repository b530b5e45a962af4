// SPDX-License-Identifier: MIT
/** Greets names with an embedded PostgreSQL: the program of {@code ./dev demo}. */
@NullMarked
package io.pghello.examples.quickstart;

import org.jspecify.annotations.NullMarked;
