// SPDX-License-Identifier: MIT
/** Finds annotated attributes in the mappings, and prepares them. May change in any release. */
@NullMarked
package io.pghello.hibernate.internal.mapping;

import org.jspecify.annotations.NullMarked;
