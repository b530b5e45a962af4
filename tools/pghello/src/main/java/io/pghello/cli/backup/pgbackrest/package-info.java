// SPDX-License-Identifier: MIT
/** Backups of a whole server with pgBackRest, and the servers restored from them. */
@NullMarked
package io.pghello.cli.backup.pgbackrest;

import org.jspecify.annotations.NullMarked;
