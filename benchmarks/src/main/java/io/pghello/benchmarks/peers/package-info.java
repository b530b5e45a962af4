// SPDX-License-Identifier: MIT
/** The libraries and programs that this project is measured against. */
@NullMarked
package io.pghello.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
