// SPDX-License-Identifier: MIT
/** Where to connect to, and whose objects are there. Uses {@code output}. */
@NullMarked
package io.pghello.cli.connect;

import org.jspecify.annotations.NullMarked;
