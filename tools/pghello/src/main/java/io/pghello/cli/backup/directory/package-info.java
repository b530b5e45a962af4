// SPDX-License-Identifier: MIT
/** The format of backup directories, for dumps and for pgBackRest. */
@NullMarked
package io.pghello.cli.backup.directory;

import org.jspecify.annotations.NullMarked;
