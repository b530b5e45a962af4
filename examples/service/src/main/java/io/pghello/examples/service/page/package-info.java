// SPDX-License-Identifier: MIT
/** The web page, with its files in {@code static}. */
@NullMarked
package io.pghello.examples.service.page;

import org.jspecify.annotations.NullMarked;
