// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import org.hibernate.annotations.Formula;
import org.jspecify.annotations.Nullable;

/** A person to greet. */
@Entity
class Person {
  @Id long id;
  @Nullable String username;
  int times;
  long visits;
  @Nullable String welcome;
  @Nullable Long welcomedAt;

  @Formula("pg_hello(username, 2)")
  @Nullable String greeting;

  Person() {}

  Person(long id, @Nullable String username, int times) {
    this.id = id;
    this.username = username;
    this.times = times;
    this.visits = times;
  }
}
