// SPDX-License-Identifier: MIT
/**
 * Real PostgreSQL servers with native extensions, for tests. Do not use them in production, because
 * they do not flush commits to disk.
 */
@NullMarked
package io.pghello.extension.testkit;

import org.jspecify.annotations.NullMarked;
