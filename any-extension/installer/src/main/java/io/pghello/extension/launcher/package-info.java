// SPDX-License-Identifier: MIT
/** The main class of a jar that contains a native extension. */
@NullMarked
package io.pghello.extension.launcher;

import org.jspecify.annotations.NullMarked;
