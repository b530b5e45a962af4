// SPDX-License-Identifier: MIT
/**
 * Calls to the functions of any extension. Calls are batched if they would otherwise have to wait.
 * Start with {@link io.pghello.extension.batching.BatchedFunction#create}. To build a client for
 * several functions of an extension, use {@link io.pghello.extension.batching.ClientDefinition}.
 */
@NullMarked
package io.pghello.extension.batching;

import org.jspecify.annotations.NullMarked;
