// SPDX-License-Identifier: MIT
/**
 * Metrics and observations of a {@link io.pghello.extension.batching.BatchedFunction}. Requires
 * Micrometer on the class path: {@code io.micrometer:micrometer-core}, or only {@code
 * micrometer-observation} for observations.
 */
@NullMarked
package io.pghello.extension.batching.micrometer;

import org.jspecify.annotations.NullMarked;
