// SPDX-License-Identifier: MIT
/** Loads on libraries and programs, each of which runs in a separate process. */
@NullMarked
package io.pghello.benchmarks.load;

import org.jspecify.annotations.NullMarked;
