// SPDX-License-Identifier: MIT
/** What the server's logs say of the extension: {@code logs}. */
@NullMarked
package io.pghello.cli.logs;

import org.jspecify.annotations.NullMarked;
