// SPDX-License-Identifier: MIT
/**
 * Side-by-side measurements: the program of {@code ./dev bench}. Both sides of a comparison are
 * measured alternately in one run. If figures depend on the speed of the machine, only their ratio
 * is judged, because the ratio is valid even on a shared machine.
 */
@NullMarked
package io.pghello.benchmarks;

import org.jspecify.annotations.NullMarked;
