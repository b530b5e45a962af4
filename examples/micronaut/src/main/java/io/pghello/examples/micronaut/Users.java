// SPDX-License-Identifier: MIT
package io.pghello.examples.micronaut;

import io.micronaut.data.annotation.Query;
import io.micronaut.data.annotation.Repository;
import io.micronaut.data.repository.CrudRepository;
import java.util.List;

/** The users of the application. */
// region users
@Repository
interface Users extends CrudRepository<User, Long> {
  @Query("select pg_hello(u.username, 2) from User u order by u.id")
  List<String> greetTwice();
}
// endregion
