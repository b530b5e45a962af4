// SPDX-License-Identifier: MIT
/** Search of the server's logs for events of the extension: {@code logs}. */
@NullMarked
package io.pghello.cli.logs;

import org.jspecify.annotations.NullMarked;
