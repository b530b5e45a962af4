// SPDX-License-Identifier: MIT
/** Events with PostgreSQL notifications: the program of {@code ./dev demo events}. */
@NullMarked
package io.pghello.examples.events;

import org.jspecify.annotations.NullMarked;
