// SPDX-License-Identifier: MIT
/** Greetings that are kept for a while, if {@code greeting.cache} says so. */
@NullMarked
package io.pghello.examples.service.cache;

import org.jspecify.annotations.NullMarked;
