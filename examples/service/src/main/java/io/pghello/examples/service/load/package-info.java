// SPDX-License-Identifier: MIT
/** A load that shows what sharing statements gains; only where it is switched on. */
@NullMarked
package io.pghello.examples.service.load;

import org.jspecify.annotations.NullMarked;
