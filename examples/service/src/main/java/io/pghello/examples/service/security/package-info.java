// SPDX-License-Identifier: MIT
/** Who may change what all users get. */
@NullMarked
package io.pghello.examples.service.security;

import org.jspecify.annotations.NullMarked;
