// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.MappedSuperclass;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Attributes declared with type variables. */
@PgHelloTest
class GenericTypesIT {
  /** Greets and fills attributes that a subclass binds to String or to a time. */
  @MappedSuperclass
  abstract static class Base<I, T, G, W> {
    @Id @Nullable I id;
    @Nullable T name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @WelcomeMessage(
        of = "name",
        event = {EventType.INSERT, EventType.UPDATE})
    @Nullable G generic;

    @WelcomeMessage(of = "id")
    @Nullable String greetingOfId;

    @NowMillis @Nullable W at;
  }

  /** An intermediate class that binds some of the variables. */
  @MappedSuperclass
  abstract static class Middle<T> extends Base<String, T, String, Long> {}

  /** Binds all variables. */
  @Entity(name = "Concrete")
  static class Concrete extends Middle<String> {}

  /** Another subclass with the same types. */
  @Entity(name = "Further")
  @Inheritance(strategy = InheritanceType.JOINED)
  static class Further extends Base<String, String, String, java.time.Instant> {}

  /** Inherits from an entity. */
  @Entity(name = "Furthest")
  static class Furthest extends Further {
    @WelcomeMessage(of = "name", repeat = 2)
    @Nullable String twice;
  }

  /** Has a type variable in an embedded object. */
  @Embeddable
  static class Labelled<T> {
    @Nullable T target;

    @WelcomeMessage(of = "target")
    @Nullable String label;
  }

  /** Embeds it. */
  @Entity(name = "Box")
  static class Box {
    @Id int id;
    @Embedded @Nullable Labelled<String> content;

    @WelcomeMessage(of = "content.target")
    @Nullable String greeting;
  }

  @Test
  void fillsTypeVariablesBoundBySubclasses(DataSource dataSource) {
    try (SessionFactory factory =
        Factories.open(dataSource, Map.of(), Concrete.class, Further.class, Furthest.class)) {
      var concrete = new Concrete();
      concrete.id = "1";
      concrete.name = "Ada";
      var furthest = new Furthest();
      furthest.id = "2";
      furthest.name = "Grace";
      factory.inTransaction(
          session -> {
            session.persist(concrete);
            session.persist(furthest);
          });
      assertThat(concrete.greeting).isEqualTo("Hello, Ada!");
      assertThat(concrete.generic).isEqualTo("Hello, Ada!");
      assertThat(concrete.greetingOfId).isEqualTo("Hello, 1!");
      assertThat(concrete.at).isPositive();
      assertThat(furthest.generic).isEqualTo("Hello, Grace!");
      assertThat(furthest.twice).isEqualTo("Hello, Grace! Hello, Grace!");
      assertThat(furthest.at).isNotNull();
      factory.inTransaction(session -> session.find(Concrete.class, "1").name = "Augusta");
      Concrete changed = factory.fromTransaction(session -> session.find(Concrete.class, "1"));
      assertThat(changed.generic).isEqualTo("Hello, Augusta!");
      assertThat(changed.greeting).isEqualTo("Hello, Ada!");
      assertThat(changed.at).isEqualTo(concrete.at);
      Furthest row = factory.fromTransaction(session -> session.find(Furthest.class, "2"));
      assertThat(row).usingRecursiveComparison().isEqualTo(furthest);
    }
  }

  @Test
  void fillsEmbeddablesWithATypeVariable(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Box.class)) {
      var box = new Box();
      box.content = new Labelled<>();
      box.content.target = "Ada";
      factory.inTransaction(session -> session.persist(box));
      assertThat(box.greeting).isEqualTo("Hello, Ada!");
      assertThat(box.content.label).isEqualTo("Hello, Ada!");
      Box row = factory.fromTransaction(session -> session.find(Box.class, 0));
      assertThat(row).usingRecursiveComparison().isEqualTo(box);
    }
  }
}
