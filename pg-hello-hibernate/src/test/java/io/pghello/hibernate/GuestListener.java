// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.PrePersist;

/** Greets guests with plain JPA. */
// region listener
public class GuestListener extends WelcomeListener {
  @PrePersist
  void greet(Guest guest) {
    greet(guest.username, guest.welcome, greeting -> guest.welcome = greeting);
  }
}
// endregion
