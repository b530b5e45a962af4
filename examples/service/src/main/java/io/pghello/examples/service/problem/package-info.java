// SPDX-License-Identifier: MIT
/** What callers are told when no greeting can be had, as problem details (RFC 9457). */
@NullMarked
package io.pghello.examples.service.problem;

import org.jspecify.annotations.NullMarked;
