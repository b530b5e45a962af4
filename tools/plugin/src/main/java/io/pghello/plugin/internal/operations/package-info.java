// SPDX-License-Identifier: MIT
/** The table of operations, and what each does. */
@NullMarked
package io.pghello.plugin.internal.operations;

import org.jspecify.annotations.NullMarked;
