// SPDX-License-Identifier: MIT
/**
 * The program {@code pghello} for those who run a database with the extension {@code pg_hello}. It
 * is used by its commands; the classes may change in any release.
 */
@NullMarked
package io.pghello.cli;

import org.jspecify.annotations.NullMarked;
