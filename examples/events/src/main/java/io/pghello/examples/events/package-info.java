// SPDX-License-Identifier: MIT
/** Events with notifications by PostgreSQL: the program of {@code ./dev demo events}. */
@NullMarked
package io.pghello.examples.events;

import org.jspecify.annotations.NullMarked;
