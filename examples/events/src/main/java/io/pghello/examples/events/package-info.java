// SPDX-License-Identifier: MIT
/** Events that PostgreSQL notifies of: what {@code ./dev demo events} runs. */
@NullMarked
package io.pghello.examples.events;

import org.jspecify.annotations.NullMarked;
