// SPDX-License-Identifier: MIT
/** Greets over HTTP with Spring WebFlux. */
@NullMarked
package io.pghello.examples.webflux;

import org.jspecify.annotations.NullMarked;
