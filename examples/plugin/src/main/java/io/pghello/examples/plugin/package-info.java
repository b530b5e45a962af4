// SPDX-License-Identifier: MIT
/** Makes JSON calls on a read-only connection, and tries to write through this connection. */
@NullMarked
package io.pghello.examples.plugin;

import org.jspecify.annotations.NullMarked;
