// SPDX-License-Identifier: MIT
/**
 * The program {@code pghello}, which operates databases that use the extension {@code pg_hello}.
 * Only its commands are public; classes may change in any release.
 */
@NullMarked
package io.pghello.cli;

import org.jspecify.annotations.NullMarked;
