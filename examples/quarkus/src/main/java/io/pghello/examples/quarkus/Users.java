// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.util.List;
import org.hibernate.Session;

/** The users of the application. Each method is one transaction. */
// region users
@ApplicationScoped
class Users {
  private final Session session;

  Users(Session session) {
    this.session = session;
  }

  @Transactional
  List<User> createAll(List<String> names) {
    List<User> users = names.stream().map(User::new).toList();
    users.forEach(session::persist);
    session.flush();
    return users;
  }

  @Transactional
  List<String> greetAll(int repeat) {
    return session
        .createSelectionQuery(
            "select pg_hello(username, :repeat) from User order by id", String.class)
        .setParameter("repeat", repeat)
        .getResultList();
  }
}
// endregion
