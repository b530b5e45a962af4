// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.Entity;
import jakarta.persistence.EntityListeners;
import jakarta.persistence.Id;
import org.jspecify.annotations.Nullable;

/** A member who is greeted by a listener bean. */
@Entity
@EntityListeners(MemberListener.class)
class Member {
  @Id long id;
  @Nullable String username;
  @Nullable String welcome;

  Member() {}

  Member(long id, String username) {
    this.id = id;
    this.username = username;
  }
}
