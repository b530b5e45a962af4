// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static io.pghello.hibernate.StartUpCheckIT.ask;
import static io.pghello.hibernate.StartUpCheckIT.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.Transaction;
import org.hibernate.annotations.ColumnDefault;
import org.hibernate.annotations.DynamicInsert;
import org.hibernate.annotations.Generated;
import org.hibernate.annotations.GeneratedColumn;
import org.hibernate.tool.schema.spi.SchemaManagementException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PSQLException;

/**
 * Tests column defaults and generated columns: their cost, and when Hibernate knows their values.
 */
@PgHelloTest
class DatabaseValuesIT {
  private static final int ROWS = 100;
  private static final int BATCHES = 2;
  private static final Map<String, ?> BATCHED = Map.of("hibernate.jdbc.batch_size", ROWS / BATCHES);

  /** Values filled by the database that Hibernate does not read back. */
  @Entity(name = "Guest")
  static class Guest {
    @Id long id;
    @Nullable String username;

    // region unread
    @Column(
        columnDefinition = "text generated always as (pg_hello(username, 1)) stored",
        insertable = false,
        updatable = false)
    @Nullable String welcome;

    @ColumnDefault("now_ms()")
    @Column(insertable = false, updatable = false, nullable = false)
    @Nullable Long createdAt;

    // endregion

    Guest() {}

    Guest(long id, String username) {
      this.id = id;
      this.username = username;
    }
  }

  /** Has the same values, which Hibernate reads back. */
  @Entity(name = "ReadGuest")
  static class ReadGuest {
    @Id long id;
    @Nullable String username;

    // region read
    @GeneratedColumn("pg_hello(username, 1)")
    @Column(columnDefinition = "text")
    @Nullable String welcome;

    @Generated
    @ColumnDefault("now_ms()")
    @Nullable Long createdAt;

    // endregion

    ReadGuest() {}

    ReadGuest(long id, String username) {
      this.id = id;
      this.username = username;
    }
  }

  /** Has only the column default. */
  @Entity(name = "BareGuest")
  static class BareGuest {
    @Id long id;

    @ColumnDefault("now_ms()")
    @Nullable Long createdAt;
  }

  /**
   * Has only the column default. The statement omits the column unless the application sets a
   * value.
   */
  @Entity(name = "DynamicGuest")
  @DynamicInsert
  static class DynamicGuest {
    @Id long id;

    @ColumnDefault("now_ms()")
    @Nullable Long createdAt;

    DynamicGuest() {}

    DynamicGuest(long id) {
      this.id = id;
    }
  }

  /** An unsupported mapping: the greeting depends on a session setting. */
  @Entity(name = "FickleGuest")
  static class FickleGuest {
    @Id long id;
    @Nullable String username;

    @GeneratedColumn("pg_hello(username)")
    @Nullable String welcome;
  }

  /** An unsupported mapping: Hibernate would write a column that only the database may write. */
  @Entity(name = "WritingGuest")
  static class WritingGuest {
    @Id long id;
    @Nullable String username;

    @Column(columnDefinition = "text generated always as (pg_hello(username, 1)) stored")
    @Nullable String welcome;
  }

  @Test
  void keepBatchingAndAreUnknownUntilRead(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, BATCHED, Guest.class)) {
      List<Guest> guests = many(Guest::new);
      factory.inSession(
          session -> {
            Transaction transaction = begin(session);
            assertRoundTrips(proxy, BATCHES, persisting(session, guests));
            assertThat(guests).allMatch(each -> each.welcome == null && each.createdAt == null);
            // one round trip each, or one for all
            Guest guest = guests.get(7);
            assertRoundTrips(proxy, 1, () -> session.refresh(guest));
            assertThat(guest.welcome).isEqualTo("Hello, guest 7!");
            assertThat(guest.createdAt).isPositive();
            guests.forEach(each -> each.username = "GUEST " + each.id);
            assertRoundTrips(proxy, BATCHES, session::flush);
            assertThat(guest.welcome).isEqualTo("Hello, guest 7!");
            session.clear();
            assertRoundTrips(
                proxy,
                1,
                () ->
                    assertThat(session.createQuery("from Guest", Guest.class).getResultList())
                        .hasSize(ROWS)
                        .allMatch(each -> ("Hello, " + each.username + "!").equals(each.welcome)));
            transaction.rollback();
          });
    }
  }

  @Test
  void areKnownImmediatelyForARoundTripEach(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (SessionFactory factory = Factories.open(dataSource, BATCHED, ReadGuest.class)) {
      List<ReadGuest> guests = many(ReadGuest::new);
      factory.inSession(
          session -> {
            Transaction transaction = begin(session);
            assertRoundTrips(proxy, ROWS, persisting(session, guests));
            assertThat(guests)
                .allMatch(each -> ("Hello, " + each.username + "!").equals(each.welcome))
                .allMatch(each -> each.createdAt != null && each.createdAt > 0);
            Long createdAt = guests.get(7).createdAt;
            guests.forEach(each -> each.username = "GUEST " + each.id);
            assertRoundTrips(proxy, ROWS, session::flush);
            assertThat(guests.get(7).welcome).isEqualTo("Hello, GUEST 7!");
            assertThat(guests.get(7).createdAt).isEqualTo(createdAt);
            transaction.rollback();
          });
    }
  }

  @Test
  void fillRowsInsertedWithoutEntities(DataSource dataSource) throws SQLException {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Guest.class)) {
      factory.inTransaction(
          session -> {
            session
                .createMutationQuery("insert into Guest (id, username) values (1, 'Ada')")
                .executeUpdate();
            session
                .createMutationQuery("update Guest set username = 'Grace' where id = 1")
                .executeUpdate();
          });
      factory.inStatelessTransaction(session -> session.upsert(new Guest(2, "Grace")));
      execute(dataSource, "INSERT INTO guest (id, username) VALUES (3, 'Grace')");
      assertThat(
              ask(
                  dataSource,
                  "SELECT count(*) FROM guest WHERE welcome = 'Hello, Grace!' AND"
                      + " abs(now_ms() - createdat) < 60000"))
          .isEqualTo("3");
    }
  }

  @Test
  void areUnknownInAStatelessSession(DataSource dataSource) throws SQLException {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), ReadGuest.class)) {
      var guest = new ReadGuest(1, "Ada");
      factory.inStatelessTransaction(session -> session.insert(guest));
      assertThat(guest.welcome).isNull();
      assertThat(guest.createdAt).isNull();
      assertThat(ask(dataSource, "SELECT welcome FROM readguest WHERE createdat > 0"))
          .isEqualTo("Hello, Ada!");
    }
  }

  @Test
  void areNotAppliedIfHibernateWritesNull(DataSource dataSource) throws SQLException {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), BareGuest.class)) {
      factory.inTransaction(session -> session.persist(new BareGuest()));
      assertThat(ask(dataSource, "SELECT createdat IS NULL FROM bareguest")).isEqualTo("t");
    }
  }

  @Test
  void keepValuesSetByTheApplicationInDynamicInserts(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (SessionFactory factory = Factories.open(dataSource, BATCHED, DynamicGuest.class)) {
      List<DynamicGuest> guests = many((id, username) -> new DynamicGuest(id));
      guests.get(0).createdAt = 42L;
      factory.inSession(
          session -> {
            Transaction transaction = begin(session);
            // statements with different columns are not batched
            assertRoundTrips(proxy, ROWS, persisting(session, guests));
            transaction.commit();
          });
      assertThat(guests.get(1).createdAt).isNull();
      assertThat(
              ask(
                  dataSource,
                  "SELECT string_agg(id::text, '') FROM dynamicguest WHERE createdat = 42"))
          .isEqualTo("0");
      assertThat(
              ask(
                  dataSource,
                  "SELECT count(*) FROM dynamicguest WHERE abs(now_ms() - createdat) < 60000"))
          .isEqualTo("99");
    }
  }

  @Test
  void areRejectedIfTheyDependOnASetting(DataSource dataSource) {
    Map<String, ?> settings = Map.of("hibernate.hbm2ddl.halt_on_error", "true");
    assertThatThrownBy(() -> Factories.open(dataSource, settings, FickleGuest.class).close())
        .isInstanceOf(SchemaManagementException.class)
        .hasStackTraceContaining("generation expression is not immutable");
  }

  @Test
  void areRejectedIfHibernateWritesThem(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), WritingGuest.class)) {
      assertThatThrownBy(
              () -> factory.inTransaction(session -> session.persist(new WritingGuest())))
          .hasRootCauseInstanceOf(PSQLException.class)
          .hasStackTraceContaining("cannot insert a non-DEFAULT value into column \"welcome\"");
    }
  }

  @Test
  void keepTheExtensionFromBeingDropped(DataSource dataSource) throws SQLException {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Guest.class)) {
      factory.inTransaction(session -> session.persist(new Guest(1, "Ada")));
      assertThatThrownBy(() -> execute(dataSource, "DROP EXTENSION pg_hello"))
          .hasMessageContaining("other objects depend on it");
      // with CASCADE, the columns are dropped as well
      execute(dataSource, "DROP EXTENSION pg_hello CASCADE");
      assertThatThrownBy(() -> ask(dataSource, "SELECT welcome FROM guest"))
          .hasMessageContaining("column \"welcome\" does not exist");
      assertThat(ask(dataSource, "SELECT createdat > 0 FROM guest")).isEqualTo("t");
    }
  }

  /** Begins a transaction with a statement, so that BEGIN is sent. */
  private static Transaction begin(Session session) {
    Transaction transaction = session.beginTransaction();
    session.createNativeQuery("select 1", Integer.class).getSingleResult();
    return transaction;
  }

  private static WireProxy.Action persisting(Session session, List<?> guests) {
    return () -> {
      guests.forEach(session::persist);
      session.flush();
    };
  }

  private static void assertRoundTrips(WireProxy proxy, int expected, WireProxy.Action action) {
    assertThatCode(() -> proxy.assertRoundTrips(expected, action)).doesNotThrowAnyException();
  }

  private interface Maker<T> {
    T make(long id, String username);
  }

  private static <T> List<T> many(Maker<T> maker) {
    var guests = new ArrayList<T>();
    for (int i = 0; i < ROWS; i++) {
      guests.add(maker.make(i, "guest " + i));
    }
    return guests;
  }
}
