// SPDX-License-Identifier: MIT
/** Error responses as problem details (RFC 9457). */
@NullMarked
package io.pghello.examples.service.problem;

import org.jspecify.annotations.NullMarked;
