// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.data.domain.AuditorAware;
import org.springframework.data.domain.Page;
import org.springframework.data.domain.PageRequest;
import org.springframework.data.domain.Sort;
import org.springframework.data.jpa.repository.config.EnableJpaAuditing;

/** Entities with filled values in Spring Data repositories, with auditing. */
@SpringBootTest(
    webEnvironment = SpringBootTest.WebEnvironment.NONE,
    properties = "spring.jpa.hibernate.ddl-auto=create")
@AutoConfigurePgHello
class RepositoriesIT {
  private static final ThreadLocal<String> USER = new ThreadLocal<>();

  @Autowired Articles articles;

  @TestConfiguration
  @EnableJpaAuditing
  static class Auditing {
    @Bean
    AuditorAware<String> auditor() {
      return () -> Optional.ofNullable(USER.get());
    }
  }

  @BeforeEach
  void logIn() {
    USER.set("Ada");
  }

  @AfterEach
  void logOut() {
    USER.remove();
    articles.deleteAll();
  }

  @Test
  void greetAuthorsAndEditors() {
    Article written = articles.save(new Article("On engines"));
    assertThat(written.toAuthor).isEqualTo("Hello, Ada!");
    assertThat(written.toEditor).isEqualTo("Hello, Ada!");
    assertThat(written.createdAt).isNotNull();
    USER.set("Grace");
    written.title = "On compilers";
    Article edited = articles.save(written);
    assertThat(edited.toAuthor).isEqualTo("Hello, Ada!");
    assertThat(edited.toEditor).isEqualTo("Hello, Grace!");
    assertThat(articles.findById(requireNonNull(written.id)))
        .hasValueSatisfying(
            found -> {
              assertThat(found.title).isEqualTo("On compilers");
              assertThat(found.toAuthor).isEqualTo("Hello, Ada!");
              assertThat(found.toEditor).isEqualTo("Hello, Grace!");
              assertThat(found.createdAt).isEqualTo(written.createdAt);
            });
  }

  @Test
  void keepTheirValuesWhenAnObjectWithNullsIsSaved() {
    Article written = articles.save(new Article("On engines"));
    var received = new Article("On engines, revised");
    received.id = written.id;
    Article saved = articles.save(received);
    assertThat(saved.title).isEqualTo("On engines, revised");
    assertThat(saved.toAuthor).isEqualTo("Hello, Ada!");
    assertThat(saved.createdAt).isEqualTo(written.createdAt);
  }

  @Test
  void areFilledTogetherAndFoundByTheirValues() {
    List<Article> saved =
        articles.saveAll(List.of(new Article("a"), new Article("b"), new Article("c")));
    assertThat(saved).extracting(each -> each.createdAt).doesNotContainNull();
    assertThat(saved.stream().map(each -> each.createdAt).distinct()).hasSize(1);
    Page<Articles.Heading> page =
        articles.findByToAuthor("Hello, Ada!", PageRequest.of(0, 2, Sort.by("title")));
    assertThat(page.getTotalElements()).isEqualTo(3);
    assertThat(page.getContent()).extracting(Articles.Heading::getTitle).containsExactly("a", "b");
    assertThat(page.getContent())
        .extracting(Articles.Heading::getToAuthor)
        .containsOnly("Hello, Ada!");
  }

  @Test
  void canBeGreetedByQueries() {
    Article written = articles.save(new Article("engines"));
    assertThat(articles.greetTitle(requireNonNull(written.id))).isEqualTo(1);
    assertThat(articles.findById(requireNonNull(written.id)).orElseThrow().toAuthor)
        .isEqualTo("Hello, engines! Hello, engines!");
  }

  @Test
  void failWithASpringException() {
    USER.set("secret\0");
    assertThatThrownBy(() -> articles.save(new Article("On engines")))
        .isInstanceOf(DataIntegrityViolationException.class)
        .rootCause()
        .isInstanceOfSatisfying(
            FunctionCallException.class,
            e -> assertThat(e.code()).isEqualTo(FunctionCallException.Code.INVALID_ARGUMENT))
        .hasMessageNotContaining("secret");
    assertThat(articles.count()).isZero();
  }
}
