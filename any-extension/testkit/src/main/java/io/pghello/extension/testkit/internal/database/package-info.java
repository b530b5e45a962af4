// SPDX-License-Identifier: MIT
/** Databases for tests, and their templates. May change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal.database;

import org.jspecify.annotations.NullMarked;
