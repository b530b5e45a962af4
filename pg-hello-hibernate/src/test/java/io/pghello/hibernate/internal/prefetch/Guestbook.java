// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/** An entity to read. It is in its own file, so that a class loader can define it separately. */
@Entity
class Guestbook {
  @Id int id;
  @Nullable String name;

  @WelcomeMessage(
      of = "name",
      event = {EventType.INSERT, EventType.UPDATE})
  @Nullable String greeting;
}
