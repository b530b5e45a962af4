// SPDX-License-Identifier: MIT
/**
 * Code that several examples use: a configuration in the database, and a listener to notifications.
 */
@NullMarked
package io.pghello.examples.shared;

import org.jspecify.annotations.NullMarked;
