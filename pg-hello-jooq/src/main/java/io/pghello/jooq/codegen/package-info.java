// SPDX-License-Identifier: MIT
/**
 * Extensions of jOOQ's code generator. They generate stable names for functions, and copy the
 * database's comments on functions into the generated Javadoc. They need {@code jooq-codegen} at
 * build time only.
 */
@NullMarked
package io.pghello.jooq.codegen;

import org.jspecify.annotations.NullMarked;
