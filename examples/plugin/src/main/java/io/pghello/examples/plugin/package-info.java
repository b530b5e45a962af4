// SPDX-License-Identifier: MIT
/** Calls in JSON on a read-only connection, and attempts to write through it. */
@NullMarked
package io.pghello.examples.plugin;

import org.jspecify.annotations.NullMarked;
