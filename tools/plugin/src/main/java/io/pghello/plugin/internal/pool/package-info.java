// SPDX-License-Identifier: MIT
/** Configurations, connection pools, logins and TLS. */
@NullMarked
package io.pghello.plugin.internal.pool;

import org.jspecify.annotations.NullMarked;
