// SPDX-License-Identifier: MIT
/**
 * Provides tests of Spring applications with databases that contain the extension; see {@link
 * io.pghello.testkit.spring.AutoConfigurePgHello}. Does not require a container. Needs {@code
 * spring-test}.
 */
@NullMarked
package io.pghello.testkit.spring;

import org.jspecify.annotations.NullMarked;
