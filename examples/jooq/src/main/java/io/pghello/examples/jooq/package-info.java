// SPDX-License-Identifier: MIT
/** Users who are greeted by the database, using jOOQ: the program of {@code ./dev demo jooq}. */
@NullMarked
package io.pghello.examples.jooq;

import org.jspecify.annotations.NullMarked;
