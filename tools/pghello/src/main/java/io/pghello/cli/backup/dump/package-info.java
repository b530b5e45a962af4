// SPDX-License-Identifier: MIT
/**
 * Backups with {@code pg_dump}: the contents of databases, their roles, and how to restore them.
 */
@NullMarked
package io.pghello.cli.backup.dump;

import org.jspecify.annotations.NullMarked;
