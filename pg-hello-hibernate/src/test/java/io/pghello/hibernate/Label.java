// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.Embeddable;
import org.jspecify.annotations.Nullable;

/** Embedded, and enhanced too. */
@Embeddable
class Label {
  @Nullable String owner;

  @WelcomeMessage(
      of = "owner",
      on = {ValueEvent.INSERT, ValueEvent.UPDATE})
  @Nullable String text;

  @NowMillis long labelledAt;
}
