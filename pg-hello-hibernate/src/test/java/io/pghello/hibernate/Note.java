// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;

import jakarta.persistence.Basic;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.Version;
import java.util.List;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/** Greets a lazy attribute. */
@Entity
class Note implements Text {
  @Id int id;
  @Version int version;
  String title;

  @Basic(fetch = FetchType.LAZY)
  @Nullable String body;

  @WelcomeMessage(
      of = "body",
      event = {EventType.INSERT, EventType.UPDATE},
      overwrite = true)
  @Nullable String greeting;

  @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
  long changedAt;

  @Embedded @Nullable Label label;

  @Basic(fetch = FetchType.LAZY)
  @WelcomeMessage(of = "title")
  @Nullable String lazyGreeting;

  @WelcomeMessage(of = "title", strategy = ValueStrategy.RETURNING)
  @Nullable String returned;

  @Override
  public void write(int id, String title, @Nullable String body) {
    this.id = id;
    this.title = title;
    this.body = body;
  }

  @Override
  public void title(String title) {
    this.title = title;
  }

  @Override
  public void body(@Nullable String body) {
    this.body = body;
  }

  @Override
  public void greeting(@Nullable String greeting) {
    this.greeting = greeting;
  }

  @Override
  public @Nullable String greeting() {
    return greeting;
  }

  @Override
  public List<Object> greetings() {
    return List.of(
        requireNonNull(greeting),
        requireNonNull(lazyGreeting),
        requireNonNull(returned),
        label == null || label.text == null ? "" : label.text);
  }

  @Override
  public long changedAt() {
    return changedAt;
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public void owner(String owner) {
    if (label == null) {
      label = new Label();
    }
    label.owner = owner;
  }
}
