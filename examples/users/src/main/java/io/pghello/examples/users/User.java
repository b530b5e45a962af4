// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

/** A user. The INSERT computes the greeting and the time in the database and returns them. */
@Entity
@Table(name = "users")
class User {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private @Nullable Integer id;

  @Column(length = 50, nullable = false, unique = true)
  private String username;

  @Column(length = 100, nullable = false)
  private String email;

  @WelcomeMessage(of = "username")
  @Column(columnDefinition = "text")
  private @Nullable String welcomeMessage;

  @NowMillis
  @Column(nullable = false, updatable = false)
  private long createdAt;

  /** Used by Hibernate. */
  protected User() {}

  User(String username, String email) {
    this.username = username;
    this.email = email;
  }

  /** Returns the id. Like all computed values, it is null until the user is saved. */
  @Nullable Integer getId() {
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

  long getCreatedAt() {
    return createdAt;
  }
}
