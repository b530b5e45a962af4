// SPDX-License-Identifier: MIT
/**
 * Provides tests of Spring applications with databases that contain extensions; see {@link
 * io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase}. Does not require a
 * container. Needs {@code spring-test}.
 */
@NullMarked
package io.pghello.extension.testkit.spring;

import org.jspecify.annotations.NullMarked;
