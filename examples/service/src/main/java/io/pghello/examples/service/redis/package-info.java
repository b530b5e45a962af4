// SPDX-License-Identifier: MIT
/** The optional connection to Redis. */
@NullMarked
package io.pghello.examples.service.redis;

import org.jspecify.annotations.NullMarked;
