// SPDX-License-Identifier: MIT
/** Backups of a whole server by pgBackRest, and the server that is restored from them. */
@NullMarked
package io.pghello.cli.backup.pgbackrest;

import org.jspecify.annotations.NullMarked;
