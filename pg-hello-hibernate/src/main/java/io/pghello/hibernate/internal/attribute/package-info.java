// SPDX-License-Identifier: MIT
/**
 * Annotated attributes: their settings, and how to read and write them. May change in any release.
 */
@NullMarked
package io.pghello.hibernate.internal.attribute;

import org.jspecify.annotations.NullMarked;
