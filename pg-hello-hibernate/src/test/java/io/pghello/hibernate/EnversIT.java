// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.envers.AuditReaderFactory;
import org.hibernate.envers.Audited;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The tables of Hibernate Envers contain the values computed by the server. */
@PgHelloTest
class EnversIT {
  /** Its values are prefetched. */
  @Entity(name = "Visitor")
  @Audited
  static class Visitor {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @NowMillis(event = {INSERT, UPDATE})
    long changedAt;

    @Embedded Entrance entrance = new Entrance();
  }

  /** Its value is prefetched as well. */
  // region embeddable
  @Embeddable
  static class Entrance {
    @Column(name = "entered_at")
    @NowMillis
    @Nullable Instant at;

    @Nullable String gate;
  }

  // endregion

  /** Its values are returned by the INSERT. */
  @Entity(name = "Ticket")
  @Audited
  static class Ticket {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable Integer id;

    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis @Nullable Long soldAt;
  }

  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory = Factories.open(dataSource, Map.of(), Visitor.class, Ticket.class);
  }

  @AfterEach
  void close() {
    factory.close();
  }

  @Test
  void eachRevisionHasTheValuesOfItsTime() {
    var visitor = new Visitor();
    visitor.name = "Ada";
    factory.inTransaction(session -> session.persist(visitor));
    Visitor renamed =
        factory.fromTransaction(
            session -> {
              Visitor found = session.find(Visitor.class, 0);
              found.name = "Grace";
              return found;
            });
    assertThat(renamed.changedAt).isGreaterThanOrEqualTo(visitor.changedAt);
    factory.inTransaction(session -> session.remove(session.find(Visitor.class, 0)));
    List<Visitor> revisions = revisions(Visitor.class, 0);
    assertThat(revisions)
        .extracting(each -> each.greeting)
        .containsExactly("Hello, Ada!", "Hello, Grace!");
    assertThat(revisions)
        .extracting(each -> each.changedAt)
        .containsExactly(visitor.changedAt, renamed.changedAt);
    assertThat(revisions)
        .extracting(each -> each.entrance.at)
        .containsOnly(requireNonNull(visitor.entrance.at));
  }

  @Test
  void revisionContainsTheReturnedValues() {
    var ticket = new Ticket();
    ticket.name = "Ada";
    factory.inTransaction(session -> session.persist(ticket));
    factory.inTransaction(
        session -> session.find(Ticket.class, requireNonNull(ticket.id)).name = "Grace");
    List<Ticket> revisions = revisions(Ticket.class, requireNonNull(ticket.id));
    assertThat(revisions).extracting(each -> each.name).containsExactly("Ada", "Grace");
    assertThat(revisions).extracting(each -> each.greeting).containsOnly("Hello, Ada!");
    assertThat(revisions).extracting(each -> each.soldAt).containsOnly(ticket.soldAt);
  }

  /** Returns an entity at its revisions, except those without the entity. */
  private <T> List<T> revisions(Class<T> type, int id) {
    return factory.fromSession(
        session -> {
          var reader = AuditReaderFactory.get(session);
          return reader.getRevisions(type, id).stream()
              .map(revision -> reader.find(type, id, revision))
              .filter(each -> each != null)
              .toList();
        });
  }
}
