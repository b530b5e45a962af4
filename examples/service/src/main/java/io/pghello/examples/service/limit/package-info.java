// SPDX-License-Identifier: MIT
/** Limits on the requests of one client. */
@NullMarked
package io.pghello.examples.service.limit;

import org.jspecify.annotations.NullMarked;
