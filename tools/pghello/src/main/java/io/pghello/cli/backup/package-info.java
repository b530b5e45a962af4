// SPDX-License-Identifier: MIT
/**
 * The commands {@code backup}, {@code restore} and {@code verify}, for dumps and for pgBackRest.
 * Uses its subpackages.
 */
@NullMarked
package io.pghello.cli.backup;

import org.jspecify.annotations.NullMarked;
