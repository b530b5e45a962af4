// SPDX-License-Identifier: MIT
/** An application with Quarkus: greetings over HTTP, and entities that the server fills. */
@NullMarked
package io.pghello.examples.quarkus;

import org.jspecify.annotations.NullMarked;
