// SPDX-License-Identifier: MIT
/** Listeners for the events of sessions. May change in any release. */
@NullMarked
package io.pghello.hibernate.internal.events;

import org.jspecify.annotations.NullMarked;
