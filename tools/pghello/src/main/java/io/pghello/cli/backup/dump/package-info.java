// SPDX-License-Identifier: MIT
/** Backups by {@code pg_dump}: what is in a database, its roles, and how it is restored. */
@NullMarked
package io.pghello.cli.backup.dump;

import org.jspecify.annotations.NullMarked;
