// SPDX-License-Identifier: MIT
/** The benchmarks of {@code ./dev bench}, by name. */
@NullMarked
package io.pghello.benchmarks.suites;

import org.jspecify.annotations.NullMarked;
