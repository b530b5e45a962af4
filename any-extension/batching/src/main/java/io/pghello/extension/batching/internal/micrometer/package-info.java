// SPDX-License-Identifier: MIT
/** Meters and observations of calls and statements. May change in any release. */
@NullMarked
package io.pghello.extension.batching.internal.micrometer;

import org.jspecify.annotations.NullMarked;
