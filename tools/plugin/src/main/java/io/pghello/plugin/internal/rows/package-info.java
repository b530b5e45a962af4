// SPDX-License-Identifier: MIT
/** Rows that the server has sent, as JSON. */
@NullMarked
package io.pghello.plugin.internal.rows;

import org.jspecify.annotations.NullMarked;
