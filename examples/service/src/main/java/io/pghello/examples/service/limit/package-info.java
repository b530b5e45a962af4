// SPDX-License-Identifier: MIT
/** Rate limits per client. */
@NullMarked
package io.pghello.examples.service.limit;

import org.jspecify.annotations.NullMarked;
