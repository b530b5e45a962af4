// SPDX-License-Identifier: MIT
/** Greetings over HTTP, with Spring Boot. */
@NullMarked
package io.pghello.examples.spring;

import org.jspecify.annotations.NullMarked;
