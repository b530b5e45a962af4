// SPDX-License-Identifier: MIT
/**
 * Statements that call the extension's functions, checks of names and counts, and errors. May
 * change in any release.
 */
@NullMarked
package io.pghello.internal;

import org.jspecify.annotations.NullMarked;
