// SPDX-License-Identifier: MIT
/**
 * Building blocks for a binding of any native extension: the description of the extension, its
 * installation in a database, and installation problems with their remedies.
 */
@NullMarked
package io.pghello.extension;

import org.jspecify.annotations.NullMarked;
