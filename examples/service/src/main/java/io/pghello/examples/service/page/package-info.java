// SPDX-License-Identifier: MIT
/** The page, whose files are in {@code static}. */
@NullMarked
package io.pghello.examples.service.page;

import org.jspecify.annotations.NullMarked;
