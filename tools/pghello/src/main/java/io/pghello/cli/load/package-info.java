// SPDX-License-Identifier: MIT
/** Load at a given rate, and a live view of calls: {@code load} and {@code watch}. */
@NullMarked
package io.pghello.cli.load;

import org.jspecify.annotations.NullMarked;
