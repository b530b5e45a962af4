// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityListeners;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import java.time.Instant;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;
import org.springframework.data.annotation.CreatedBy;
import org.springframework.data.annotation.LastModifiedBy;
import org.springframework.data.jpa.domain.support.AuditingEntityListener;

/** An entity with greetings for the author and the editor set by Spring Data. */
@Entity
@EntityListeners(AuditingEntityListener.class)
class Article {
  @Id @GeneratedValue @Nullable Long id;
  String title = "";

  @CreatedBy
  @Column(updatable = false)
  @Nullable String author;

  @LastModifiedBy @Nullable String editor;

  @WelcomeMessage(of = "author")
  @Nullable String toAuthor;

  @WelcomeMessage(
      of = "editor",
      event = {EventType.INSERT, EventType.UPDATE})
  @Nullable String toEditor;

  @NowMillis @Nullable Instant createdAt;

  protected Article() {}

  Article(String title) {
    this.title = title;
  }
}
