// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

// region repository
interface People extends JpaRepository<Person, Long> {
  @Query("select pg_hello(p.name, 2) from Person p where p.id = :id")
  String greetTwice(Long id);
}
// endregion
