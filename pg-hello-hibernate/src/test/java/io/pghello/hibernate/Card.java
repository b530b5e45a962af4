// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import jakarta.persistence.Basic;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import java.util.function.BiConsumer;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** Updated column by column, even if the row was not read. */
@Entity
@DynamicUpdate
class Card implements BiConsumer<String, String> {
  @Id int id;
  @Nullable String title;
  @Nullable String colour;

  @WelcomeMessage(
      of = "title",
      event = {INSERT, UPDATE})
  @Nullable String greeting;

  @WelcomeMessage(of = "title")
  @Nullable String first;

  @NowMillis(event = UPDATE)
  @Nullable Long changedAt;

  // Hibernate loads the attribute despite this setting
  @Basic(fetch = FetchType.LAZY)
  @Embedded
  @Nullable Label label;

  @Override
  public void accept(String attribute, String value) {
    switch (attribute) {
      case "title" -> title = value;
      case "colour" -> colour = value;
      case "greeting" -> greeting = value;
      case "label" -> {
        label = new Label();
        label.owner = value;
      }
      default -> throw new IllegalArgumentException(attribute);
    }
  }
}
