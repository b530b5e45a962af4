// SPDX-License-Identifier: MIT
/**
 * Test databases with extensions for Spring applications, without a container: {@link
 * io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase}. Needs {@code spring-test}.
 */
@NullMarked
package io.pghello.extension.testkit.spring;

import org.jspecify.annotations.NullMarked;
