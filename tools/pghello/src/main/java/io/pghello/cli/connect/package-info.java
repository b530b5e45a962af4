// SPDX-License-Identifier: MIT
/**
 * Connections: servers, databases, roles, and checks of the owners of extension objects. Uses
 * {@code output}.
 */
@NullMarked
package io.pghello.cli.connect;

import org.jspecify.annotations.NullMarked;
