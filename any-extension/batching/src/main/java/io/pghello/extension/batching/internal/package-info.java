// SPDX-License-Identifier: MIT
/**
 * Values that the other internal packages share. They depend in one direction: {@code coalescing}
 * on {@code jdbc}, {@code jdbc} on {@code installation}, and all on this one. May change in any
 * release.
 */
@NullMarked
package io.pghello.extension.batching.internal;

import org.jspecify.annotations.NullMarked;
