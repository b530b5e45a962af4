// SPDX-License-Identifier: MIT
/**
 * The queues of waiting calls, and the batches in which the calls are sent: {@link
 * io.pghello.extension.batching.internal.coalescing.Dispatcher} decides whether a call is batched,
 * {@link io.pghello.extension.batching.internal.coalescing.Coalescer} forms and sends the batches,
 * and {@link io.pghello.extension.batching.internal.coalescing.CallQueue} keeps the waiting calls.
 * May change in any release.
 */
@NullMarked
package io.pghello.extension.batching.internal.coalescing;

import org.jspecify.annotations.NullMarked;
