// SPDX-License-Identifier: MIT
/** Calls at a given rate, and a view of the calls of others: {@code load} and {@code watch}. */
@NullMarked
package io.pghello.cli.load;

import org.jspecify.annotations.NullMarked;
