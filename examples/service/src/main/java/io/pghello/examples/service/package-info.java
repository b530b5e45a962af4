// SPDX-License-Identifier: MIT
/** The greeting service: a Spring Boot application that provides greetings for many clients. */
@NullMarked
package io.pghello.examples.service;

import org.jspecify.annotations.NullMarked;
