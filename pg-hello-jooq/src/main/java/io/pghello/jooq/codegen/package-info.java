// SPDX-License-Identifier: MIT
/**
 * Plugs for jOOQ's code generator, which give functions names that outlive changes of the database,
 * and the comments that they have in it. They need {@code jooq-codegen}, and nothing of them is
 * needed when a program runs.
 */
@NullMarked
package io.pghello.jooq.codegen;

import org.jspecify.annotations.NullMarked;
