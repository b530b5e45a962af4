// SPDX-License-Identifier: MIT
/** The optional cache of greetings, selected by {@code greeting.cache}. */
@NullMarked
package io.pghello.examples.service.cache;

import org.jspecify.annotations.NullMarked;
