// SPDX-License-Identifier: MIT
/** The user service: users who are welcomed when they sign up, and greeted when they come back. */
@NullMarked
package io.pghello.examples.users;

import org.jspecify.annotations.NullMarked;
