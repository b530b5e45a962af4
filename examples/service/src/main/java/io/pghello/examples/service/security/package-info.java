// SPDX-License-Identifier: MIT
/** Authorization of administrators, who change settings for all users. */
@NullMarked
package io.pghello.examples.service.security;

import org.jspecify.annotations.NullMarked;
