// SPDX-License-Identifier: MIT
/** The limits with Redis as their store. */
@NullMarked
package io.pghello.examples.service.limit.redis;

import org.jspecify.annotations.NullMarked;
