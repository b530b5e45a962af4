// SPDX-License-Identifier: MIT
/** Authorization of administrators, who change what all users get. */
@NullMarked
package io.pghello.examples.service.security;

import org.jspecify.annotations.NullMarked;
