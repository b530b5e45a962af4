// SPDX-License-Identifier: MIT
/**
 * Puts the native extension of a jar into a PostgreSQL server, and takes it out again. A copy of
 * these classes is in each such jar, in {@code META-INF/pg-extension-installer}, where no other
 * program finds them, so that a jar of another version replaces none of its classes.
 */
@NullMarked
package io.pghello.extension.installer;

import org.jspecify.annotations.NullMarked;
