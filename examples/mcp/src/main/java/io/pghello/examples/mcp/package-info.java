// SPDX-License-Identifier: MIT
/** An independent client attacks our MCP server, and the reference server beside it. */
@NullMarked
package io.pghello.examples.mcp;

import org.jspecify.annotations.NullMarked;
