// SPDX-License-Identifier: MIT
/**
 * A real PostgreSQL with any native extensions, for tests. It is not meant for production: it does
 * not sync commits to disk.
 */
@NullMarked
package io.pghello.extension.testkit;

import org.jspecify.annotations.NullMarked;
