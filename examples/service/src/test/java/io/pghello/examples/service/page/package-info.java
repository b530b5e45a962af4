// SPDX-License-Identifier: MIT
/** The page, in a browser. */
@NullMarked
package io.pghello.examples.service.page;

import org.jspecify.annotations.NullMarked;
