// SPDX-License-Identifier: MIT
/** Loads that a library handles in a separate JVM. */
@NullMarked
package io.pghello.benchmarks.load;

import org.jspecify.annotations.NullMarked;
