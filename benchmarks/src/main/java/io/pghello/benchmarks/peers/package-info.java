// SPDX-License-Identifier: MIT
/** The libraries and programs with which this project is compared. */
@NullMarked
package io.pghello.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
