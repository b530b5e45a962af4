// SPDX-License-Identifier: MIT
/**
 * Code shared by several examples: a configuration in the database, and a listener for
 * notifications.
 */
@NullMarked
package io.pghello.examples.shared;

import org.jspecify.annotations.NullMarked;
