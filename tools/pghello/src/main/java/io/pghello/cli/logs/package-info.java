// SPDX-License-Identifier: MIT
/** The command {@code logs}, which searches a server's log for events of the extension. */
@NullMarked
package io.pghello.cli.logs;

import org.jspecify.annotations.NullMarked;
