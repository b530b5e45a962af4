// SPDX-License-Identifier: MIT
/** Rate limits with counters in Redis. */
@NullMarked
package io.pghello.examples.service.limit.redis;

import org.jspecify.annotations.NullMarked;
