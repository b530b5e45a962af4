// SPDX-License-Identifier: MIT
/** Calls kept in flight for some time, by a library in a JVM of its own. */
@NullMarked
package io.pghello.benchmarks.load;

import org.jspecify.annotations.NullMarked;
