// SPDX-License-Identifier: MIT
/**
 * Metrics and observations of a client. Requires Micrometer on the class path: {@code
 * io.micrometer:micrometer-core}, or only {@code micrometer-observation} for observations.
 */
@NullMarked
package io.pghello.micrometer;

import org.jspecify.annotations.NullMarked;
