// SPDX-License-Identifier: MIT
/** The commands {@code load} (calls at a given rate) and {@code watch} (a live view of calls). */
@NullMarked
package io.pghello.cli.load;

import org.jspecify.annotations.NullMarked;
