// SPDX-License-Identifier: MIT
/**
 * A program that gives agents the operations of the plugin as tools, by the Model Context Protocol
 * on standard input and output. Its connections only read, unless its configuration says more.
 */
@NullMarked
package io.pghello.mcp;

import org.jspecify.annotations.NullMarked;
