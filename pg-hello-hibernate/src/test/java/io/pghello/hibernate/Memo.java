// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.Basic;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import java.util.function.Consumer;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/** Uses property access; getters load lazy attributes. */
@Entity
class Memo implements Consumer<String> {
  private int id;
  private @Nullable String title;
  private @Nullable String body;
  private @Nullable String greeting;

  @Override
  public void accept(String newTitle) {
    setTitle(newTitle);
  }

  @Id
  public int getId() {
    return id;
  }

  public void setId(int id) {
    this.id = id;
  }

  public @Nullable String getTitle() {
    return title;
  }

  public void setTitle(@Nullable String title) {
    this.title = title;
  }

  @Basic(fetch = FetchType.LAZY)
  public @Nullable String getBody() {
    return body;
  }

  public void setBody(@Nullable String body) {
    this.body = body;
  }

  @WelcomeMessage(
      of = "body",
      event = {EventType.INSERT, EventType.UPDATE})
  public @Nullable String getGreeting() {
    return greeting;
  }

  public void setGreeting(@Nullable String greeting) {
    this.greeting = greeting;
  }
}
