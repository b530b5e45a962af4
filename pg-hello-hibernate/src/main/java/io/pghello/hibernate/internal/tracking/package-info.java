// SPDX-License-Identifier: MIT
/** Records of filled values, and the rules that use them. May change in any release. */
@NullMarked
package io.pghello.hibernate.internal.tracking;

import org.jspecify.annotations.NullMarked;
