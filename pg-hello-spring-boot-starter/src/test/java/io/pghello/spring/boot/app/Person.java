// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import org.jspecify.annotations.Nullable;

/** An entity with a greeting and a time from the database. */
@Entity
class Person {
  @Id @GeneratedValue @Nullable Long id;
  String name = "";

  @WelcomeMessage(of = "name")
  @Nullable String greeting;

  @NowMillis @Nullable Long createdAt;

  protected Person() {}

  Person(String name) {
    this.name = name;
  }
}
