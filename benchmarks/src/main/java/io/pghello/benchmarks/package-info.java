// SPDX-License-Identifier: MIT
/**
 * Side-by-side measurements: the program of {@code ./dev bench}. Both sides of a comparison are
 * measured alternately in one run. Only the ratio of their figures is judged, because it is valid
 * even on a shared machine.
 */
@NullMarked
package io.pghello.benchmarks;

import org.jspecify.annotations.NullMarked;
