// SPDX-License-Identifier: MIT
/** Users whom the database welcomes, with jOOQ: what {@code ./dev demo jooq} runs. */
@NullMarked
package io.pghello.examples.jooq;

import org.jspecify.annotations.NullMarked;
