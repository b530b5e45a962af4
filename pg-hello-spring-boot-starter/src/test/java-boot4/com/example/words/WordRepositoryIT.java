// SPDX-License-Identifier: MIT
package com.example.words;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
// Spring Boot 3.5: org.springframework.boot.test.autoconfigure.orm.jpa.DataJpaTest
import org.springframework.boot.data.jpa.test.autoconfigure.DataJpaTest;

@DataJpaTest
@AutoConfigureExtensionDatabase(extensions = "pg_trgm")
class WordRepositoryIT {
  @Autowired private WordRepository words;

  @Test
  void findsSimilarWords() {
    words.saveAndFlush(new Word("PostgreSQL"));
    words.saveAndFlush(new Word("Oracle"));

    assertThat(words.findSimilar("Postgres")).containsExactly("PostgreSQL");
  }
}
