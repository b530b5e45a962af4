// SPDX-License-Identifier: MIT
/** An independent client attacks this project's MCP server and the reference server. */
@NullMarked
package io.pghello.examples.mcp;

import org.jspecify.annotations.NullMarked;
