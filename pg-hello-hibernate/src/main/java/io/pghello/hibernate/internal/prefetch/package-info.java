// SPDX-License-Identifier: MIT
/** Fetches values for many entities in one query. May change in any release. */
@NullMarked
package io.pghello.hibernate.internal.prefetch;

import org.jspecify.annotations.NullMarked;
