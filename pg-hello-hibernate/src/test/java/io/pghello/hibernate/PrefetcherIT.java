// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLTransientConnectionException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.hibernate.JDBCException;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.annotations.RowId;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.PreInsertEventListener;
import org.hibernate.exception.ConstraintViolationException;
import org.hibernate.exception.JDBCConnectionException;
import org.hibernate.resource.jdbc.spi.StatementInspector;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests how values are prefetched, and how long they are kept. */
@PgHelloTest
class PrefetcherIT {
  /** Greeted once when it is inserted, and once when it is updated. */
  @Entity(name = "Twofold")
  static class Twofold {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String inserted;

    @WelcomeMessage(of = "name", event = UPDATE)
    @Nullable String updated;

    Twofold() {}

    Twofold(int id) {
      this.id = id;
      this.name = "user" + id;
    }
  }

  /** Has times of two types. */
  @Entity(name = "Stamped")
  static class Stamped {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(of = "name", overwrite = true)
    @Nullable String greeting;

    @NowMillis(event = {INSERT, UPDATE})
    long changedAt;

    @NowMillis @Nullable Instant createdAt;

    Stamped() {}

    Stamped(int id) {
      this.id = id;
      this.name = "user" + id;
    }
  }

  /** Has a time and no greeting. */
  @Entity(name = "Dated")
  static class Dated {
    @Id int id;
    @NowMillis long createdAt;
  }

  /**
   * Hibernate locates the row by row ID, and therefore replaces the session entry after the INSERT.
   */
  @Entity(name = "Located")
  @RowId("ctid")
  static class Located {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String inserted;

    @WelcomeMessage(of = "name", event = UPDATE)
    @Nullable String updated;

    Located() {}

    Located(int id) {
      this.id = id;
      this.name = "user" + id;
    }
  }

  private SessionFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    factory =
        Factories.open(
            dataSource,
            Map.of("hibernate.jdbc.batch_size", 1_000),
            Twofold.class,
            Stamped.class,
            Located.class);
  }

  @AfterEach
  void close() {
    factory.close();
  }

  @Test
  void prefetchesOnceForInsertsAndOnceForUpdatesOfAFlush(WireProxy proxy) {
    factory.inTransaction(
        session -> {
          connect(session);
          List<Twofold> entities = IntStream.range(0, 100).mapToObj(Twofold::new).toList();
          entities.forEach(session::persist);
          entities.forEach(each -> each.name += "x");
          // a prefetch query and a batch, twice
          roundTrips(proxy, 4, session::flush);
          assertThat(entities).allMatch(each -> ("Hello, " + each.name + "!").equals(each.updated));
          roundTrips(proxy, 0, session::flush);
        });
  }

  @Test
  void tracksInsertedEntitiesByRowId(WireProxy proxy) {
    List<Located> entities = IntStream.range(0, 10).mapToObj(Located::new).toList();
    factory.inSession(
        session -> {
          session.beginTransaction();
          // the driver queries the type of the row ID
          session.persist(new Located(100));
          session.flush();
          entities.forEach(session::persist);
          entities.forEach(each -> each.name += "x");
          // INSERTs and UPDATEs that return the row ID are not batched, but there is only one
          // prefetch query
          roundTrips(proxy, 10 + 1 + 10, session::flush);
          session.getTransaction().rollback();
        });
    assertThat(entities)
        .allMatch(each -> ("Hello, " + each.name + "!").equals(each.updated))
        .allMatch(each -> ("Hello, " + each.name + "!").equals(each.inserted));
    factory.inTransaction(
        session -> {
          entities.forEach(each -> each.name = "another");
          entities.forEach(session::persist);
        });
    assertThat(entities).allMatch(each -> "Hello, another!".equals(each.inserted));
  }

  @Test
  void allEntitiesOfAFlushShareOneTime(WireProxy proxy) {
    factory.inTransaction(
        session -> {
          connect(session);
          IntStream.range(0, 16_385).forEach(id -> session.persist(new Stamped(id)));
          long queries = proxy.statements();
          session.flush();
          assertThat(proxy.statements() - queries).isEqualTo(16_385 + 2);
          assertThat(times(session)).containsExactly(1L, 1L, 1L);
        });
    factory.inTransaction(
        session -> {
          List<Stamped> all =
              session.createSelectionQuery("from Stamped", Stamped.class).getResultList();
          long before = all.get(0).changedAt;
          all.forEach(each -> each.name += "x");
          session.flush();
          assertThat(all.get(0).changedAt).isGreaterThan(before);
          assertThat(
                  session
                      .createSelectionQuery(
                          "select count(distinct changedAt) from Stamped", Long.class)
                      .getSingleResult())
              .isEqualTo(1);
        });
  }

  @Test
  void prefetchesNothingForEntitiesOfAnEarlierFlush(DataSource dataSource) {
    var statements = new ArrayList<String>();
    StatementInspector inspector =
        sql -> {
          statements.add(sql);
          return sql;
        };
    try (SessionFactory inspected =
        Factories.open(
            dataSource,
            Map.of("hibernate.session_factory.statement_inspector", inspector),
            Twofold.class,
            Stamped.class)) {
      inspected.inTransaction(
          session -> {
            var stamped = new Stamped(1);
            session.persist(stamped);
            session.flush();
            stamped.name = "Ada";
            session.flush();
            statements.clear();
            session.persist(new Twofold(1));
            session.flush();
          });
    }
    assertThat(statements)
        .filteredOn(sql -> sql.contains("pg_hello_all"))
        .containsExactly("SELECT pg_hello_all(?, ?)");
  }

  @Test
  void allEntitiesOfAPrefetchShareOneTime() {
    List<Stamped> entities = IntStream.range(0, 16_385).mapToObj(Stamped::new).toList();
    try (StatelessSession session = factory.openStatelessSession()) {
      PgHelloSessions.prefetch(session, entities);
    }
    assertThat(entities.stream().map(each -> each.changedAt).distinct()).hasSize(1);
    assertThat(entities.stream().map(each -> each.createdAt).distinct()).hasSize(1);
  }

  private static List<Long> times(Session session) {
    Object[] row =
        session
            .createSelectionQuery(
                "select count(distinct changedAt), count(distinct createdAt),"
                    + " count(distinct greeting) / 16385 from Stamped",
                Object[].class)
            .getSingleResult();
    return List.of((Long) row[0], (Long) row[1], (Long) row[2]);
  }

  @Test
  void throwsFunctionCallExceptionForAClosedConnection() {
    assertThatThrownBy(
            () ->
                factory.inTransaction(
                    session -> {
                      session.persist(new Stamped(1));
                      session.doWork(Connection::close);
                      session.flush();
                    }))
        .isInstanceOf(JDBCConnectionException.class)
        .cause()
        .cause()
        .isInstanceOfSatisfying(
            FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(Code.CONNECTION_LOST));
  }

  @Test
  void aViolationBeforeAPrefetchIsHibernatesError() {
    factory.inTransaction(session -> session.persist(new Stamped(1)));
    PreInsertEventListener naming =
        event -> {
          if (event.getEntity() instanceof Stamped stamped && stamped.name == null) {
            event.getState()[event.getPersister().getPropertyIndex("name")] = "Ada";
          }
          return false;
        };
    factory
        .unwrap(SessionFactoryImplementor.class)
        .getServiceRegistry()
        .requireService(EventListenerRegistry.class)
        .appendListeners(EventType.PRE_INSERT, naming);
    assertThatThrownBy(
            () ->
                factory.inTransaction(
                    session -> {
                      session.persist(new Stamped(1));
                      var nameless = new Stamped(2);
                      nameless.name = null;
                      session.persist(nameless);
                      session.flush();
                    }))
        .isInstanceOf(ConstraintViolationException.class)
        .satisfies(e -> assertThat(causes(e)).noneMatch(FunctionCallException.class::isInstance));
  }

  @Test
  void aMissingConnectionIsHibernatesError(DataSource dataSource) {
    var empty = new AtomicBoolean();
    DataSource pool =
        (DataSource)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                  if (empty.get() && method.getName().equals("getConnection")) {
                    throw new SQLTransientConnectionException("no connection", "08001");
                  }
                  return method.invoke(dataSource, arguments);
                });
    try (SessionFactory pooled =
        Factories.open(
            pool,
            Map.of("hibernate.connection.provider_disables_autocommit", true),
            Stamped.class)) {
      try (Session session = pooled.openSession()) {
        session.beginTransaction();
        session.persist(new Stamped(1));
        empty.set(true);
        assertThatThrownBy(session::flush)
            .isInstanceOf(JDBCException.class)
            .satisfies(
                e -> assertThat(causes(e)).noneMatch(FunctionCallException.class::isInstance));
      } finally {
        empty.set(false);
      }
    }
  }

  /**
   * Simulates a pooler that does not track prepared statements and therefore runs another query.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT 1700000000000::int8",
        "SELECT 'Hello, Ada!', 1700000000000::int8",
        "SELECT 1, 1700000000000::int8",
        "SELECT 'now_ms()'",
        "SELECT 'now_ms()', 'now'",
        "SELECT 'now_ms()', 1 WHERE false"
      })
  void rejectsTheResultOfAnotherStatementForATime(String other, DataSource dataSource) {
    assertMismatch(running(dataSource, "now_ms()", other), new Dated());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT ?::text[], ?::int4[]",
        "SELECT num_nonnulls(?, ?), 1700000000000",
        "SELECT ARRAY['Hello, Grace!'], 1700000000000 WHERE num_nonnulls(?, ?) >= 0",
        "SELECT ARRAY['Hello, Ada!'] WHERE num_nonnulls(?, ?) >= 0",
        "SELECT 1 WHERE num_nonnulls(?, ?) < 0"
      })
  void rejectsTheResultOfAnotherStatementForAGreeting(String other, DataSource dataSource) {
    Stamped ada = new Stamped(1);
    ada.name = "Ada";
    assertMismatch(running(dataSource, "pg_hello_all", other), ada);
  }

  private static void assertMismatch(DataSource pooler, Object entity) {
    try (SessionFactory pooled = Factories.open(pooler, Map.of(), entity.getClass())) {
      assertThatThrownBy(() -> pooled.inTransaction(session -> session.persist(entity)))
          .satisfies(
              e ->
                  assertThat(causes(e))
                      .filteredOn(FunctionCallException.class::isInstance)
                      .extracting(each -> ((FunctionCallException) each).code())
                      .containsExactly(Code.RESPONSE_MISMATCH));
      assertThat(
              pooled.<Long>fromSession(
                  session ->
                      session
                          .createSelectionQuery(
                              "select count(*) from " + entity.getClass().getSimpleName(),
                              Long.class)
                          .getSingleResult()))
          .isZero();
    }
  }

  /** Returns a data source that replaces queries containing a word. */
  private static DataSource running(DataSource dataSource, String word, String other) {
    return proxy(
        DataSource.class,
        (method, arguments) -> {
          Object result = method.invoke(dataSource, arguments);
          return result instanceof Connection connection
              ? running(connection, word, other)
              : result;
        });
  }

  private static Connection running(Connection connection, String word, String other) {
    return proxy(
        Connection.class,
        (method, arguments) -> {
          if (method.getName().equals("prepareStatement")
              && ((String) arguments[0]).contains(word)) {
            arguments[0] = other;
          }
          return method.invoke(connection, arguments);
        });
  }

  /** Replaces a method. */
  private interface Call {
    @Nullable Object to(Method method, Object[] arguments) throws ReflectiveOperationException;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            PrefetcherIT.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return call.to(method, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static List<Throwable> causes(Throwable e) {
    return Stream.iterate(e, Objects::nonNull, Throwable::getCause).toList();
  }

  @Test
  void keepsNoReferencesToEntitiesThatAreNotInserted() throws InterruptedException {
    try (StatelessSession session = factory.openStatelessSession()) {
      var collected = new ReferenceQueue<Object>();
      var entities = new ArrayList<>(List.of(new Stamped(1), new Stamped(2)));
      PgHelloSessions.prefetch(session, entities);
      var gone = new WeakReference<Object>(entities.remove(1), collected);
      for (int i = 0; !gone.refersTo(null); i++) {
        assertThat(i).as("collections of garbage").isLessThan(100);
        System.gc();
        collected.remove(100);
      }
      assertThat(entities.get(0).greeting).isEqualTo("Hello, user1!");
    }
  }

  @Test
  void reportsAClosedFactory(DataSource dataSource) {
    SessionFactory closed = Factories.open(dataSource, Map.of(), Stamped.class);
    Session session = closed.openSession();
    StatelessSession stateless = closed.openStatelessSession();
    session.beginTransaction();
    session.persist(new Stamped(1));
    closed.close();
    assertThatThrownBy(session::flush)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> PgHelloSessions.prefetch(stateless, List.of(new Stamped(2))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    session.getTransaction().rollback();
    session.close();
    stateless.close();
  }

  /** Begins the transaction, so that BEGIN is not counted. */
  private static void connect(Session session) {
    session.createNativeQuery("select 1", Integer.class).getSingleResult();
  }

  private static void roundTrips(WireProxy proxy, long expected, Runnable action) {
    try {
      proxy.assertRoundTrips(expected, action::run);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
