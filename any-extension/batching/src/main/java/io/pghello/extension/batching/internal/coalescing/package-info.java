// SPDX-License-Identifier: MIT
/** Calls that wait, and the batches that they are sent in. May change in any release. */
@NullMarked
package io.pghello.extension.batching.internal.coalescing;

import org.jspecify.annotations.NullMarked;
