// SPDX-License-Identifier: MIT
/**
 * Side-by-side measurements: what {@code ./dev bench} runs. Both sides of a comparison are measured
 * alternately in one run, and it is their ratio that counts, because this survives a machine that
 * is shared.
 */
@NullMarked
package io.pghello.benchmarks;

import org.jspecify.annotations.NullMarked;
