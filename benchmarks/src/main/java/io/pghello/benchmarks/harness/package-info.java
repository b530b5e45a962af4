// SPDX-License-Identifier: MIT
/**
 * Measurements of both sides of a comparison, in rounds or along the axis of a chart, and the
 * results.
 */
@NullMarked
package io.pghello.benchmarks.harness;

import org.jspecify.annotations.NullMarked;
