// SPDX-License-Identifier: MIT
/**
 * The user service: users get a welcome message when they sign up and a greeting when they return.
 */
@NullMarked
package io.pghello.examples.users;

import org.jspecify.annotations.NullMarked;
