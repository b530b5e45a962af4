// SPDX-License-Identifier: MIT
/** Signs up users with jOOQ; the database greets them: the program of {@code ./dev demo jooq}. */
@NullMarked
package io.pghello.examples.jooq;

import org.jspecify.annotations.NullMarked;
