// SPDX-License-Identifier: MIT
/**
 * The functions of the extension as statements, checks of names and counts, and errors. May change
 * in any release.
 */
@NullMarked
package io.pghello.internal;

import org.jspecify.annotations.NullMarked;
