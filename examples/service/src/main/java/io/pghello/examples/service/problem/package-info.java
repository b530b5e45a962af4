// SPDX-License-Identifier: MIT
/** Answers where no greeting can be had, as problem details (RFC 9457). */
@NullMarked
package io.pghello.examples.service.problem;

import org.jspecify.annotations.NullMarked;
