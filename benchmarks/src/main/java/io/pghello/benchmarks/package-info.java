// SPDX-License-Identifier: MIT
/**
 * Side-by-side measurements: the program of {@code ./dev bench}. Both sides of a comparison are
 * measured alternately in one run. Only their ratio counts, because it is valid even on a shared
 * machine.
 */
@NullMarked
package io.pghello.benchmarks;

import org.jspecify.annotations.NullMarked;
