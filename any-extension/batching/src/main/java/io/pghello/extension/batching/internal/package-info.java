// SPDX-License-Identifier: MIT
/**
 * Classes that the other internal packages share. The packages depend on each other in one
 * direction only: {@code coalescing} on {@code jdbc}, {@code jdbc} on {@code installation}, and all
 * of them on this package. May change in any release.
 */
@NullMarked
package io.pghello.extension.batching.internal;

import org.jspecify.annotations.NullMarked;
