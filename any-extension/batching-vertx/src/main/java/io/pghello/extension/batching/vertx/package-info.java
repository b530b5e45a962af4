// SPDX-License-Identifier: MIT
/**
 * Runs the calls of a {@link io.pghello.extension.batching.BatchedFunction}, or of another client,
 * on connections of Vert.x. Start with {@link
 * io.pghello.extension.batching.vertx.VertxConnections#of}.
 */
@NullMarked
package io.pghello.extension.batching.vertx;

import org.jspecify.annotations.NullMarked;
