// SPDX-License-Identifier: MIT
/** The credentials of those who may change what all users get. */
@NullMarked
package io.pghello.examples.service.security;

import org.jspecify.annotations.NullMarked;
