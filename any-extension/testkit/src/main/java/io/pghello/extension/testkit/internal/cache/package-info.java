// SPDX-License-Identifier: MIT
/** Files of the cache, platforms and hashes. May change in any release. */
@NullMarked
package io.pghello.extension.testkit.internal.cache;

import org.jspecify.annotations.NullMarked;
