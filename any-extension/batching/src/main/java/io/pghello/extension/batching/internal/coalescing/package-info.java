// SPDX-License-Identifier: MIT
/**
 * The queues of waiting calls, and the batches in which the calls are sent. May change in any
 * release.
 */
@NullMarked
package io.pghello.extension.batching.internal.coalescing;

import org.jspecify.annotations.NullMarked;
