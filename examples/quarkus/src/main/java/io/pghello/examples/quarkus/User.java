// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.SequenceGenerator;
import jakarta.persistence.Table;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A plain entity for a user. The server computes the greeting and the time. */
// region user
@Entity
@Table(name = "users")
class User {
  @Id
  @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "users_id")
  @SequenceGenerator(name = "users_id", sequenceName = "users_id", allocationSize = 50)
  private @Nullable Long id;

  private String username;

  @WelcomeMessage(of = "username")
  private @Nullable String greeting;

  @NowMillis private @Nullable Instant createdAt;

  protected User() {}

  User(String username) {
    this.username = username;
  }

  // endregion

  String getUsername() {
    return username;
  }

  @Nullable String getGreeting() {
    return greeting;
  }

  @Nullable Instant getCreatedAt() {
    return createdAt;
  }
}
