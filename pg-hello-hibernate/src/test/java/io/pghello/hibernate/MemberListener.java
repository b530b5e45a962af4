// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.PgHelloClient;
import jakarta.inject.Inject;
import jakarta.persistence.PrePersist;

/** Greets members with the bean container's client. */
// region bean
public class MemberListener extends WelcomeListener {
  @Inject
  MemberListener(PgHelloClient client) {
    super(client);
  }

  @PrePersist
  void greet(Member member) {
    greet(member.username, member.welcome, greeting -> member.welcome = greeting);
  }
}
// endregion
