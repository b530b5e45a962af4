// SPDX-License-Identifier: MIT
/** Conversion of the server's rows to JSON. */
@NullMarked
package io.pghello.plugin.internal.rows;

import org.jspecify.annotations.NullMarked;
