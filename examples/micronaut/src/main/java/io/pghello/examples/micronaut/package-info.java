// SPDX-License-Identifier: MIT
/** An application with Micronaut: greetings over HTTP, and entities that the server fills. */
@NullMarked
package io.pghello.examples.micronaut;

import org.jspecify.annotations.NullMarked;
