// SPDX-License-Identifier: MIT
/**
 * Installs the native extension of a jar on a PostgreSQL server, and uninstalls it. Each extension
 * jar contains a copy of these classes in {@code META-INF/pg-extension-installer}. Other programs
 * do not find the classes there, so jars of different versions do not conflict.
 */
@NullMarked
package io.pghello.extension.installer;

import org.jspecify.annotations.NullMarked;
