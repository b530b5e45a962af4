// SPDX-License-Identifier: MIT
/** What callers are told when something is wrong, as problem details (RFC 9457). */
@NullMarked
package io.pghello.examples.service.problem;

import org.jspecify.annotations.NullMarked;
