// SPDX-License-Identifier: MIT
/** Classes that the generated code needs. They may change in any release. */
@NullMarked
package io.pghello.jooq.internal;

import org.jspecify.annotations.NullMarked;
