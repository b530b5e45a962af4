// SPDX-License-Identifier: MIT
/** The peers: libraries and programs that the benchmarks compare with this project. */
@NullMarked
package io.pghello.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
