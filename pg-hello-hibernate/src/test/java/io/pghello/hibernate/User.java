// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.SequenceGenerator;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

/** An entity with filled values, as in an application. */
// region entity
@Entity
@Table(name = "users")
class User {
  @Id
  @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "users_id")
  @SequenceGenerator(name = "users_id", sequenceName = "users_id", allocationSize = 50)
  @Nullable Long id;

  @Nullable String username;

  @WelcomeMessage(of = "username")
  @Nullable String greeting;

  @NowMillis long createdAt;

  User() {}

  User(@Nullable String username) {
    this.username = username;
  }
}
// endregion
