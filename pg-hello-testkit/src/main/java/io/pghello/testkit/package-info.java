// SPDX-License-Identifier: MIT
/**
 * JUnit tests with databases that contain the extension {@code pg_hello}: {@link
 * io.pghello.testkit.PgHelloTest}. For a server or container without JUnit, use {@link
 * io.pghello.extension.testkit.ExtensionServer} or {@link
 * io.pghello.extension.testkit.ExtensionContainer}.
 */
@NullMarked
package io.pghello.testkit;

import org.jspecify.annotations.NullMarked;
