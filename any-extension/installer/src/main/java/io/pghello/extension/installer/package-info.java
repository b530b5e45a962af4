// SPDX-License-Identifier: MIT
/**
 * Puts the native extension of a jar into a PostgreSQL server, and takes it out again. Each such
 * jar contains a copy of these classes in {@code META-INF/pg-extension-installer}. Other programs
 * do not find them there, so that jars of different versions do not conflict.
 */
@NullMarked
package io.pghello.extension.installer;

import org.jspecify.annotations.NullMarked;
