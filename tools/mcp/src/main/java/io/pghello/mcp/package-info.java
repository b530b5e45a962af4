// SPDX-License-Identifier: MIT
/**
 * A program that offers the operations of the plugin to agents as tools, using the Model Context
 * Protocol on standard input and output. Connections are read-only by default.
 */
@NullMarked
package io.pghello.mcp;

import org.jspecify.annotations.NullMarked;
