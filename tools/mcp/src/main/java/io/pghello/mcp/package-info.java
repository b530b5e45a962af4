// SPDX-License-Identifier: MIT
/**
 * A program that offers the operations of the plugin as tools to agents. It uses the Model Context
 * Protocol on standard input and output. Connections are read-only by default.
 */
@NullMarked
package io.pghello.mcp;

import org.jspecify.annotations.NullMarked;
