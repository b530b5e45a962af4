// SPDX-License-Identifier: MIT
/** The greeting service: an application with Spring Boot that greets for many clients. */
@NullMarked
package io.pghello.examples.service;

import org.jspecify.annotations.NullMarked;
