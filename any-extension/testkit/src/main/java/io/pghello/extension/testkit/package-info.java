// SPDX-License-Identifier: MIT
/**
 * Real PostgreSQL servers with native extensions, for tests. Not for production: the servers do not
 * flush commits to disk.
 */
@NullMarked
package io.pghello.extension.testkit;

import org.jspecify.annotations.NullMarked;
