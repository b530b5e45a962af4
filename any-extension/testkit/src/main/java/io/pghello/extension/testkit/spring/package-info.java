// SPDX-License-Identifier: MIT
/**
 * Databases with extensions for tests of applications with Spring, without a container: {@link
 * io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase}. Needs {@code spring-test}.
 */
@NullMarked
package io.pghello.extension.testkit.spring;

import org.jspecify.annotations.NullMarked;
