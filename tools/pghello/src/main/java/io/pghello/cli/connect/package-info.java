// SPDX-License-Identifier: MIT
/**
 * Connections: the server, database and role, and the owners of the extensions' objects. Uses
 * {@code output}.
 */
@NullMarked
package io.pghello.cli.connect;

import org.jspecify.annotations.NullMarked;
