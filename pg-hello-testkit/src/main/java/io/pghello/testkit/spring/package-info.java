// SPDX-License-Identifier: MIT
/**
 * Databases with the extension for tests of Spring applications, without a container: {@link
 * io.pghello.testkit.spring.AutoConfigurePgHello}. Needs {@code spring-test}.
 */
@NullMarked
package io.pghello.testkit.spring;

import org.jspecify.annotations.NullMarked;
