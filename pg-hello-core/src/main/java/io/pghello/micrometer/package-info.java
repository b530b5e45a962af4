// SPDX-License-Identifier: MIT
/**
 * Metrics and observations of a client, for programs that have Micrometer ({@code
 * io.micrometer:micrometer-core}, or {@code micrometer-observation} for observations alone) on
 * their class path.
 */
@NullMarked
package io.pghello.micrometer;

import org.jspecify.annotations.NullMarked;
