// SPDX-License-Identifier: MIT
/** What the generated code needs; it may change in any release. */
@NullMarked
package io.pghello.jooq.internal;

import org.jspecify.annotations.NullMarked;
