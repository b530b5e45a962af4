// SPDX-License-Identifier: MIT
/** The folder that a backup is kept in, whatever has made it. */
@NullMarked
package io.pghello.cli.backup.folder;

import org.jspecify.annotations.NullMarked;
