// SPDX-License-Identifier: MIT
/**
 * Load generators for libraries and programs. Each library or program runs in a separate process.
 */
@NullMarked
package io.pghello.benchmarks.load;

import org.jspecify.annotations.NullMarked;
