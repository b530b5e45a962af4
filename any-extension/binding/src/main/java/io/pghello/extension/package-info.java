// SPDX-License-Identifier: MIT
/**
 * Parts of a binding, for any native extension: its description, its installation in a database,
 * the problems that keep it from being called, and what mends them.
 */
@NullMarked
package io.pghello.extension;

import org.jspecify.annotations.NullMarked;
