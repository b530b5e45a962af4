// SPDX-License-Identifier: MIT
/** How both sides of a comparison are measured in rounds and along axes, and what comes of it. */
@NullMarked
package io.pghello.benchmarks.harness;

import org.jspecify.annotations.NullMarked;
