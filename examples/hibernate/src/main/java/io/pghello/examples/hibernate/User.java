// SPDX-License-Identifier: MIT
package io.pghello.examples.hibernate;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.SequenceGenerator;
import jakarta.persistence.Table;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A user. When Hibernate saves the user, the server computes the greeting and the time. */
@Entity
@Table(name = "users")
class User {
  @Id
  @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "users_id")
  @SequenceGenerator(name = "users_id", sequenceName = "users_id", allocationSize = 1_000)
  private @Nullable Long id;

  @Column(length = 50, nullable = false, unique = true)
  private String username;

  @Column(length = 100, nullable = false)
  private String email;

  @WelcomeMessage(of = "username")
  @Column(columnDefinition = "text")
  private @Nullable String welcomeMessage;

  @NowMillis
  @Column(nullable = false, updatable = false)
  private @Nullable Instant createdAt;

  /** Used by Hibernate. */
  protected User() {}

  User(String username, String email) {
    this.username = username;
    this.email = email;
  }

  /** Returns the id. Like all computed values, it is null until the user is saved. */
  @Nullable Long getId() {
    return id;
  }

  String getUsername() {
    return username;
  }

  String getEmail() {
    return email;
  }

  @Nullable String getWelcomeMessage() {
    return welcomeMessage;
  }

  /** Sets a custom welcome message, which the server's greeting does not overwrite. */
  void setWelcomeMessage(String welcomeMessage) {
    this.welcomeMessage = welcomeMessage;
  }

  @Nullable Instant getCreatedAt() {
    return createdAt;
  }
}
