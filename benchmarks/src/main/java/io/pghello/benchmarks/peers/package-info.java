// SPDX-License-Identifier: MIT
/** What ours is measured against. */
@NullMarked
package io.pghello.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
