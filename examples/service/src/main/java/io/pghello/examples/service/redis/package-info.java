// SPDX-License-Identifier: MIT
/** The connection to Redis, for what may do without it. */
@NullMarked
package io.pghello.examples.service.redis;

import org.jspecify.annotations.NullMarked;
