// SPDX-License-Identifier: MIT
/** Greets names on a PostgreSQL that it starts itself: what {@code ./dev demo} runs. */
@NullMarked
package io.pghello.examples.quickstart;

import org.jspecify.annotations.NullMarked;
