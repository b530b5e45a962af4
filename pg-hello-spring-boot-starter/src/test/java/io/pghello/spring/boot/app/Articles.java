// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import org.springframework.data.domain.Page;
import org.springframework.data.domain.Pageable;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.transaction.annotation.Transactional;

interface Articles extends JpaRepository<Article, Long> {
  /** A part of an article. */
  interface Heading {
    String getTitle();

    String getToAuthor();
  }

  Page<Heading> findByToAuthor(String greeting, Pageable page);

  // region update
  @Modifying
  @Transactional
  @Query("update Article a set a.toAuthor = pg_hello(a.title, 2) where a.id = :id")
  int greetTitle(Long id);
  // endregion
}
