// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import io.quarkus.hibernate.orm.panache.PanacheEntity;
import jakarta.persistence.Entity;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A Panache entity for a guest. The server computes the greeting and the time. */
// region guest
@Entity
public class Guest extends PanacheEntity {
  public String name;

  @WelcomeMessage(of = "name")
  public @Nullable String greeting;

  @NowMillis public @Nullable Instant arrivedAt;
}
// endregion
