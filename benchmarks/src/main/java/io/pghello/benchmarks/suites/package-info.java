// SPDX-License-Identifier: MIT
/** What {@code ./dev bench} measures, by name. */
@NullMarked
package io.pghello.benchmarks.suites;

import org.jspecify.annotations.NullMarked;
