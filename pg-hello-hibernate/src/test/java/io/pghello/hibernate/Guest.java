// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.CascadeType;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityListeners;
import jakarta.persistence.Id;
import jakarta.persistence.OneToMany;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A guest who is greeted by a listener. */
@Entity
@EntityListeners(GuestListener.class)
class Guest {
  @Id long id;
  @Nullable String username;
  @Nullable String welcome;

  @OneToMany(cascade = CascadeType.ALL)
  List<Guest> brought = new ArrayList<>();

  Guest() {}

  Guest(long id, @Nullable String username) {
    this(id, username, null);
  }

  Guest(long id, @Nullable String username, @Nullable String welcome) {
    this.id = id;
    this.username = username;
    this.welcome = welcome;
  }
}
