// SPDX-License-Identifier: MIT
/** Configurations, pools by id, logins, TLS. */
@NullMarked
package io.pghello.plugin.internal.pool;

import org.jspecify.annotations.NullMarked;
