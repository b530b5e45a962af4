// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hibernate.generator.EventType.INSERT;
import static org.hibernate.generator.EventType.UPDATE;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.Cacheable;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.validation.ConstraintViolationException;
import jakarta.validation.constraints.NotNull;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.TransactionException;
import org.hibernate.boot.spi.SessionFactoryOptions;
import org.hibernate.cache.cfg.spi.DomainDataRegionBuildingContext;
import org.hibernate.cache.cfg.spi.DomainDataRegionConfig;
import org.hibernate.cache.spi.support.DomainDataStorageAccess;
import org.hibernate.cache.spi.support.RegionFactoryTemplate;
import org.hibernate.cache.spi.support.StorageAccess;
import org.hibernate.engine.jdbc.connections.spi.AbstractDataSourceBasedMultiTenantConnectionProviderImpl;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostInsertEventListener;
import org.hibernate.persister.entity.EntityPersister;
import org.hibernate.resource.jdbc.spi.StatementInspector;
import org.hibernate.stat.Statistics;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Tests values together with caches, tenants, validation, listeners, and concurrent sessions. */
@PgHelloTest
class EnvironmentsIT {
  private static final String CREATE_TABLE =
      "create table Settled (id integer primary key, name text, prefetched text, returned text,"
          + " createdAt bigint)";

  /** Has greetings with the session's count, one for each strategy. */
  @Entity(name = "Settled")
  static class Settled {
    @Id int id;
    String name;

    @WelcomeMessage(of = "name", repeat = WelcomeMessage.SESSION_DEFAULT)
    @Nullable String prefetched;

    @WelcomeMessage(
        of = "name",
        repeat = WelcomeMessage.SESSION_DEFAULT,
        strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @NowMillis long createdAt;

    Settled() {}

    Settled(int id, String name) {
      this.id = id;
      this.name = name;
    }

    List<@Nullable String> greetings() {
      return Arrays.asList(prefetched, returned);
    }
  }

  /** An entity in the second-level cache. */
  @Entity(name = "Cached")
  @Cacheable
  static class Cached {
    @Id int id;
    String name;

    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String prefetched;

    @WelcomeMessage(of = "name", strategy = ValueStrategy.RETURNING)
    @Nullable String returned;

    @NowMillis(strategy = ValueStrategy.RETURNING)
    long createdAt;

    Cached() {}

    Cached(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** An entity that Bean Validation validates before it is written. */
  @Entity(name = "Valid")
  // null until it is filled
  @SuppressWarnings("MultipleNullnessAnnotations")
  static class Valid {
    @Id int id;
    @Nullable String name;

    @NotNull
    @WelcomeMessage(
        of = "name",
        event = {INSERT, UPDATE})
    @Nullable String greeting;

    @NotNull @NowMillis @Nullable Long createdAt;

    Valid() {}

    Valid(int id, @Nullable String name) {
      this.id = id;
      this.name = name;
    }
  }

  /** An entity that Bean Validation validates before the value exists. */
  @Entity(name = "TooEarly")
  // null until it is filled
  @SuppressWarnings("MultipleNullnessAnnotations")
  static class TooEarly {
    @Id int id;

    @NotNull
    @NowMillis(strategy = ValueStrategy.RETURNING)
    @Nullable Long createdAt;
  }

  /** An in-memory cache of one factory. */
  static final class Regions extends RegionFactoryTemplate {
    private static final long serialVersionUID = 1;

    /** One region. */
    private static final class Region implements DomainDataStorageAccess {
      private final Map<Object, Object> content = new ConcurrentHashMap<>();

      @Override
      public @Nullable Object getFromCache(Object key, SharedSessionContractImplementor session) {
        return content.get(key);
      }

      @Override
      public void putIntoCache(Object key, Object value, SharedSessionContractImplementor session) {
        content.put(key, value);
      }

      @Override
      public boolean contains(Object key) {
        return content.containsKey(key);
      }

      @Override
      public void evictData() {
        content.clear();
      }

      @Override
      public void evictData(Object key) {
        content.remove(key);
      }

      @Override
      public void release() {
        content.clear();
      }
    }

    @Override
    protected DomainDataStorageAccess createDomainDataStorageAccess(
        DomainDataRegionConfig regionConfig, DomainDataRegionBuildingContext buildingContext) {
      return new Region();
    }

    @Override
    protected StorageAccess createQueryResultsRegionStorageAccess(
        String regionName, SessionFactoryImplementor sessionFactory) {
      return new Region();
    }

    @Override
    protected StorageAccess createTimestampsRegionStorageAccess(
        String regionName, SessionFactoryImplementor sessionFactory) {
      return new Region();
    }

    @Override
    protected void prepareForUse(
        SessionFactoryOptions settings, Map<String, Object> configValues) {}

    @Override
    protected void releaseFromUse() {}
  }

  private static Map<String, Object> cache() {
    return Map.of(
        "hibernate.cache.use_second_level_cache",
        true,
        "hibernate.cache.region.factory_class",
        new Regions(),
        "hibernate.generate_statistics",
        true);
  }

  @Test
  void cachesTheValuesOfTheRow(DataSource dataSource, WireProxy proxy) {
    try (SessionFactory factory = Factories.open(dataSource, cache(), Cached.class)) {
      var cached = new Cached(1, "Ada");
      factory.inTransaction(session -> session.persist(cached));
      var stateless = new Cached(2, "Bob");
      try (StatelessSession session = factory.openStatelessSession()) {
        session.beginTransaction();
        session.insert(stateless);
        session.getTransaction().commit();
      }
      Statistics statistics = factory.getStatistics();
      long hits = statistics.getSecondLevelCacheHitCount();
      Cached found = find(factory, Cached.class, 1);
      assertThat(statistics.getSecondLevelCacheHitCount()).isEqualTo(hits + 1);
      assertThat(found)
          .extracting(c -> c.prefetched, c -> c.returned)
          .containsExactly("Hello, Ada!", "Hello, Ada!");
      assertThat(found.createdAt).isPositive().isEqualTo(cached.createdAt);
      assertThat(find(factory, Cached.class, 2))
          .extracting(c -> c.prefetched, c -> c.returned)
          .containsExactly("Hello, Bob!", "Hello, Bob!");
      assertThat(find(factory, Cached.class, 2).createdAt)
          .isBetween(cached.createdAt, cached.createdAt + 600_000);

      factory.inTransaction(session -> session.find(Cached.class, 1).name = "Grace");
      hits = statistics.getSecondLevelCacheHitCount();
      assertThat(find(factory, Cached.class, 1))
          .extracting(c -> c.prefetched, c -> c.returned, c -> c.createdAt)
          .containsExactly("Hello, Grace!", "Hello, Ada!", cached.createdAt);
      assertThat(statistics.getSecondLevelCacheHitCount()).isEqualTo(hits + 1);
    }
  }

  /** Provides each tenant's connections. */
  private static final class Tenants
      extends AbstractDataSourceBasedMultiTenantConnectionProviderImpl<String> {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial")
    private final Map<String, DataSource> sources;

    Tenants(Map<String, DataSource> sources) {
      this.sources = sources;
    }

    @Override
    protected DataSource selectAnyDataSource() {
      return sources.values().iterator().next();
    }

    @Override
    protected DataSource selectDataSource(String tenant) {
      return requireNonNull(sources.get(tenant));
    }
  }

  /** Connections with a repeat count and a schema for tables. */
  private static DataSource source(TestDatabase database, int repeat, String schema) {
    var source = new PGSimpleDataSource();
    source.setUrl(database.jdbcUrl());
    source.setOptions("-c pg_hello.repeat=" + repeat + " -c search_path=" + schema + ",public");
    return source;
  }

  @Tag("session") // PgBouncer refuses a search_path at login
  @Test
  void queriesOnTheTenantsConnection(TestDatabase database) throws SQLException {
    try (Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      for (String schema : List.of("one", "two")) {
        statement.execute("create schema " + schema);
        statement.execute("set search_path = " + schema);
        statement.execute(CREATE_TABLE);
      }
    }
    servesTenants(Map.of("one", source(database, 1, "one"), "two", source(database, 2, "two")));
  }

  @Test
  void prefetchesOnTheConnectionOfTheTenantsDatabase(TestDatabase database, ExtensionServer server)
      throws SQLException {
    try (TestDatabase other = server.createDatabase()) {
      for (TestDatabase each : List.of(database, other)) {
        try (Connection connection = each.dataSource().getConnection();
            Statement statement = connection.createStatement()) {
          statement.execute(CREATE_TABLE);
        }
      }
      servesTenants(
          Map.of("one", source(database, 1, "public"), "two", source(other, 2, "public")));
    }
  }

  private static void servesTenants(Map<String, DataSource> sources) {
    Map<String, Object> settings =
        Map.of(
            "hibernate.multi_tenant_connection_provider",
            new Tenants(sources),
            "hibernate.hbm2ddl.auto",
            "none");
    try (SessionFactory factory =
        Factories.open(requireNonNull(sources.get("one")), settings, Settled.class)) {
      for (int round = 0; round < 3; round++) {
        for (String tenant : List.of("one", "two")) {
          String greeting = tenant.equals("one") ? "Hello, Ada!" : "Hello, Ada! Hello, Ada!";
          int id = round;
          try (Session session =
              factory.withOptions().tenantIdentifier((Object) tenant).openSession()) {
            session.beginTransaction();
            var settled = new Settled(id, "Ada");
            session.persist(settled);
            session.getTransaction().commit();
            assertThat(settled.greetings()).containsExactly(greeting, greeting);
            session.clear();
            assertThat(session.find(Settled.class, id).greetings()).containsOnly(greeting);
          }
          try (StatelessSession session =
              factory
                  .withStatelessOptions()
                  .tenantIdentifier((Object) tenant)
                  .openStatelessSession()) {
            var settled = new Settled(id + 100, "Ada");
            session.beginTransaction();
            PgHelloSessions.prefetch(session, List.of(settled));
            session.insert(settled);
            session.getTransaction().commit();
            assertThat(settled.prefetched).isEqualTo(greeting);
          }
        }
      }
    }
  }

  @Test
  void fillsBeforeBeanValidation(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Valid.class)) {
      factory.inTransaction(session -> session.persist(new Valid(1, "Ada")));
      factory.inTransaction(session -> session.find(Valid.class, 1).name = "Grace");
      assertThat(find(factory, Valid.class, 1).greeting).isEqualTo("Hello, Grace!");
      assertThat(find(factory, Valid.class, 1).createdAt).isPositive();
      assertThatThrownBy(
              () -> factory.inTransaction(session -> session.persist(new Valid(2, null))))
          .hasStackTraceContaining(ConstraintViolationException.class.getName());
      // an UPDATE would compute the value after Bean Validation, and the column is NOT NULL
      assertThatThrownBy(
              () -> factory.inTransaction(session -> session.find(Valid.class, 1).name = null))
          .isInstanceOf(org.hibernate.exception.ConstraintViolationException.class);
    }
  }

  /** As documented, the INSERT creates the value, so it does not exist during validation. */
  @Test
  void doesNotFillReturnedValuesBeforeBeanValidation(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), TooEarly.class)) {
      assertThatThrownBy(() -> factory.inTransaction(session -> session.persist(new TooEarly())))
          .hasStackTraceContaining(ConstraintViolationException.class.getName());
    }
  }

  @Tag("session") // more transactions wait for ids than there are sessions
  @Test
  void keepsConcurrentSessionsApart(DataSource dataSource) throws Exception {
    int threads = 8;
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try (SessionFactory factory =
        Factories.open(
            dataSource, Map.of("hibernate.jdbc.batch_size", 20), User.class, Settled.class)) {
      List<Callable<Void>> tasks = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        int first = thread * 200;
        tasks.add(
            () -> {
              factory.inTransaction(
                  session -> {
                    for (int i = first; i < first + 200; i++) {
                      session.persist(new User("user" + i));
                      session.persist(new Settled(i, "settled" + i));
                      if (i % 50 == 49) {
                        session.flush();
                        session.clear();
                      }
                    }
                  });
              return null;
            });
      }
      for (Future<Void> done : executor.invokeAll(tasks)) {
        done.get();
      }
      assertThat(
              count(
                  factory, "User where greeting = 'Hello, ' || username || '!' and createdAt > 0"))
          .isEqualTo(1_600);
      assertThat(
              count(
                  factory,
                  "Settled where prefetched = 'Hello, settled' || id || '!'"
                      + " and returned = prefetched"))
          .isEqualTo(1_600);
    } finally {
      executor.shutdownNow();
    }
  }

  private static long count(SessionFactory factory, String what) {
    return factory.<Long>fromTransaction(
        session ->
            session.createQuery("select count(*) from " + what, Long.class).getSingleResult());
  }

  /** Records inserted entities, like an audit log. */
  private static final class Historian implements PostInsertEventListener {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial")
    private final List<@Nullable Object> values = new ArrayList<>();

    @Override
    public void onPostInsert(PostInsertEvent event) {
      String[] names = event.getPersister().getPropertyNames();
      for (String name : List.of("prefetched", "returned")) {
        values.add(event.getState()[Arrays.asList(names).indexOf(name)]);
      }
    }

    @Override
    public boolean requiresPostCommitHandling(EntityPersister persister) {
      return false;
    }
  }

  @Test
  void showsListenersTheTrueState(DataSource dataSource) {
    try (SessionFactory factory = Factories.open(dataSource, Map.of(), Settled.class)) {
      var historian = new Historian();
      factory
          .unwrap(SessionFactoryImplementor.class)
          .getServiceRegistry()
          .requireService(EventListenerRegistry.class)
          .appendListeners(EventType.POST_INSERT, historian);
      factory.inTransaction(session -> session.persist(new Settled(1, "Ada")));
      assertThat(historian.values).containsExactly("Hello, Ada!", "Hello, Ada!");
    }
  }

  /** Records the statements. */
  private static final class Inspector implements StatementInspector {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial")
    private final List<String> statements = new ArrayList<>();

    @Override
    public String inspect(String sql) {
      statements.add(sql);
      return sql;
    }
  }

  @Test
  void isAStatementLikeAnyOther(DataSource dataSource) {
    var inspector = new Inspector();
    Map<String, Object> settings =
        Map.of(
            "hibernate.generate_statistics",
            true,
            "hibernate.session_factory.statement_inspector",
            inspector);
    try (SessionFactory factory = Factories.open(dataSource, settings, Person.class, User.class)) {
      factory.inTransaction(
          session -> {
            session.persist(new User("Ada"));
            inspector.statements.clear();
            long before = factory.getStatistics().getPrepareStatementCount();
            session.flush();
            assertThat(factory.getStatistics().getPrepareStatementCount()).isEqualTo(before + 2);
            assertThat(inspector.statements).hasSize(2);
            assertThat(inspector.statements.get(0))
                .isEqualTo("SELECT pg_hello_all(?, ?), now_ms()");
            assertThat(inspector.statements.get(1)).startsWith("insert into users");
          });
    }
  }

  @Test
  void respectsTheTransactionTimeout(DataSource dataSource) {
    var inspector = new Inspector();
    Map<String, Object> settings =
        Map.of("hibernate.session_factory.statement_inspector", inspector);
    try (SessionFactory factory = Factories.open(dataSource, settings, User.class);
        Session session = factory.openSession()) {
      session.getTransaction().setTimeout(1);
      session.getTransaction().begin();
      session.persist(new User("Ada"));
      inspector.statements.clear();
      sleep(1_100);
      assertThatThrownBy(session::flush).isInstanceOf(TransactionException.class);
      // the INSERT has not been sent
      assertThat(inspector.statements).containsExactly("SELECT pg_hello_all(?, ?), now_ms()");
      session.getTransaction().rollback();
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static <T> T find(SessionFactory factory, Class<T> type, int id) {
    return factory.fromTransaction(session -> session.find(type, id));
  }
}
