// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The users. */
interface UserRepository extends Repository<User, Integer> {
  User save(User user);

  Optional<User> findById(Integer id);

  List<User> findByIdGreaterThanOrderById(int id, Limit limit);

  // region wrapper
  /** Greets a user with the wrapper function {@code greet}, using the configured count. */
  @Query("select cast(function('greet', u.username) as String) from User u where u.id = :id")
  Optional<String> greet(int id);
  // endregion
}
