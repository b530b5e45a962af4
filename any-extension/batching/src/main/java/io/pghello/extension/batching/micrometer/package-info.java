// SPDX-License-Identifier: MIT
/**
 * Metrics and observations of a {@link io.pghello.extension.batching.CoalescedFunction}. They need
 * Micrometer on the class path: {@code io.micrometer:micrometer-core}, or {@code
 * micrometer-observation} for observations only.
 */
@NullMarked
package io.pghello.extension.batching.micrometer;

import org.jspecify.annotations.NullMarked;
