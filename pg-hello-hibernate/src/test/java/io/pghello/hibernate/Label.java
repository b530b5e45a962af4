// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.Embeddable;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/** An enhanced embeddable. */
@Embeddable
class Label {
  @Nullable String owner;

  @WelcomeMessage(
      of = "owner",
      event = {EventType.INSERT, EventType.UPDATE})
  @Nullable String text;

  @NowMillis long labelledAt;
}
