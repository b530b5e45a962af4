// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.EntityTransaction;
import jakarta.persistence.RollbackException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The entity listener on the JPA implementation on the class path: each Hibernate version, and
 * EclipseLink without Hibernate. This test uses only JPA.
 */
@PgHelloTest
class WelcomeListenerIT {
  private static final String NO_TEXT = "a\0b";

  private HikariDataSource pool;
  private PgHelloClient client;
  private PgHelloClient used;
  private EntityManagerFactory factory;

  @BeforeEach
  void open(DataSource dataSource) {
    pool = pool(dataSource, 10);
    client = PgHelloClient.create(pool);
    // the client's first call takes an additional round trip to locate the extension
    client.hello("");
    used = client;
    WelcomeListener.setDefaultClient(client);
    factory = Units.open("guests", dataSource, Map.of());
  }

  @AfterEach
  void close() {
    if (factory.isOpen()) {
      factory.close();
    }
    WelcomeListener.clearDefaultClient(used);
    client.close();
    pool.close();
  }

  private void use(PgHelloClient other) {
    WelcomeListener.clearDefaultClient(used);
    used = other;
    WelcomeListener.setDefaultClient(other);
  }

  private static HikariDataSource pool(DataSource dataSource, int size) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(0);
    return new HikariDataSource(config);
  }

  /** Ensures that results are reported for the right implementation. */
  @Test
  void runOnTheIntendedImplementation() throws Exception {
    String eclipseLink = System.getProperty("eclipselink.expected");
    try (EntityManager manager = factory.createEntityManager()) {
      String implementation = manager.getDelegate().getClass().getName();
      if (eclipseLink == null) {
        assertThat(implementation).startsWith("org.hibernate.");
        assertThat(version("org.hibernate.Version", "getVersionString"))
            .isEqualTo(System.getProperty("hibernate.expected"));
        assertAbsent("org.eclipse.persistence.Version");
      } else {
        assertThat(implementation).startsWith("org.eclipse.persistence.");
        assertThat(version("org.eclipse.persistence.Version", "getVersion")).isEqualTo(eclipseLink);
        assertAbsent("org.hibernate.Session");
      }
    }
  }

  private static String version(String type, String method) throws ReflectiveOperationException {
    return (String) Class.forName(type).getMethod(method).invoke(null);
  }

  private static void assertAbsent(String type) {
    assertThatThrownBy(() -> Class.forName(type)).isInstanceOf(ClassNotFoundException.class);
  }

  @Test
  void greetsPersistedEntities() {
    inTransaction(
        manager -> {
          var ada = new Guest(1, "Ada");
          manager.persist(ada);
          assertThat(ada.welcome).isEqualTo("Hello, Ada!");
          manager.persist(new Guest(2, ""));
          manager.persist(new Guest(3, "李小龍"));
        });
    assertThat(welcomes()).containsExactly("Hello, Ada!", "Hello, !", "Hello, 李小龍!");
  }

  @Test
  void usesAClientWithASeparatePool(TestDatabase database) {
    WelcomeListener.clearDefaultClient(used);
    String url = database.jdbcUrl();
    // region use
    PgHelloClient client = PgHelloClient.builder().url(url).build();
    WelcomeListener.setDefaultClient(client);
    // endregion
    used = client;
    inTransaction(manager -> manager.persist(new Guest(1, "Ada")));
    assertThat(welcomes()).containsExactly("Hello, Ada!");
    // region forget
    WelcomeListener.clearDefaultClient(client);
    client.close();
    // endregion
    assertThatThrownBy(() -> inTransaction(manager -> manager.persist(new Guest(2, "Grace"))))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void takesOneRoundTripForEachEntity(WireProxy proxy) {
    inTransaction(
        manager -> {
          for (int i = 0; i < 3; i++) {
            Guest guest = new Guest(i, "Ada");
            sends(1, proxy, () -> manager.persist(guest));
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"Hi, Ada", "", "Hello, Grace!"})
  void keepsAGreetingSetByTheApplication(String greeting, WireProxy proxy) {
    inTransaction(
        manager -> {
          sends(0, proxy, () -> manager.persist(new Guest(1, "Ada", greeting)));
          // a missing name does not remove the greeting
          sends(0, proxy, () -> manager.persist(new Guest(2, null, greeting)));
        });
    assertThat(welcomes()).containsExactly(greeting, greeting);
  }

  @Test
  void leavesTheGreetingNullIfThereIsNoName(WireProxy proxy) {
    inTransaction(manager -> sends(0, proxy, () -> manager.persist(new Guest(1, null))));
    assertThat(welcomes()).containsExactly((String) null);
  }

  @Test
  void changesNothingInAnUpdate() {
    inTransaction(
        manager -> {
          manager.persist(new Guest(1, "Ada"));
          manager.persist(new Guest(2, null));
        });
    inTransaction(
        manager -> {
          manager.find(Guest.class, 1L).username = "Grace";
          manager.find(Guest.class, 2L).username = "Grace";
        });
    inTransaction(manager -> manager.merge(new Guest(1, "Zoë", "Hi")));
    assertThat(welcomes()).containsExactly("Hi", null);
  }

  @Test
  void greetsEntitiesInsertedByMerge() {
    inTransaction(
        manager -> {
          assertThat(manager.merge(new Guest(1, "Ada")).welcome).isEqualTo("Hello, Ada!");
          assertThat(manager.merge(new Guest(2, "Grace", "Hi")).welcome).isEqualTo("Hi");
          assertThat(manager.merge(new Guest(3, null)).welcome).isNull();
        });
    assertThat(welcomes()).containsExactly("Hello, Ada!", "Hi", null);
  }

  @Test
  void greetsEntitiesPersistedByCascadeAtCommit() {
    inTransaction(
        manager -> {
          var host = new Guest(1, "Ada");
          manager.persist(host);
          host.brought.add(new Guest(2, "Grace"));
        });
    assertThat(welcomes()).containsExactly("Hello, Ada!", "Hello, Grace!");
  }

  @Test
  void usesAConnectionOfTheClients() {
    inTransaction(
        manager -> {
          takeConnection(manager);
          ask(manager, "select pg_hello('')");
          ask(manager, "select set_config('pg_hello.repeat', '2', true)");
          assertThat(ask(manager, "select pg_hello('Ada')")).isEqualTo("Hello, Ada! Hello, Ada!");
          manager.persist(new Guest(1, "Ada"));
        });
    assertThat(welcomes()).containsExactly("Hello, Ada!");
  }

  // EclipseLink's transactions have no connection before they write
  private static void takeConnection(EntityManager manager) {
    manager.createNativeQuery("delete from Guest where id < 0").executeUpdate();
  }

  private static Object ask(EntityManager manager, String sql) {
    return manager.createNativeQuery(sql).getSingleResult();
  }

  @Test
  void failsPersistWithTheClientsException() {
    rejects(
        manager ->
            assertThatThrownBy(() -> manager.persist(new Guest(2, NO_TEXT)))
                .satisfies(is(Code.INVALID_ARGUMENT)));
  }

  @Test
  void failsMergeWithTheClientsException() {
    rejects(
        manager ->
            assertThatThrownBy(() -> manager.merge(new Guest(2, NO_TEXT)))
                .satisfies(is(Code.INVALID_ARGUMENT)));
  }

  @Test
  void failsFlushWithTheClientsException() {
    rejects(
        manager -> {
          manager.find(Guest.class, 1L).brought.add(new Guest(2, NO_TEXT));
          assertThatThrownBy(manager::flush).satisfies(is(Code.INVALID_ARGUMENT));
        });
  }

  private void rejects(Consumer<EntityManager> action) {
    try (EntityManager manager = factory.createEntityManager()) {
      EntityTransaction transaction = manager.getTransaction();
      transaction.begin();
      manager.persist(new Guest(1, "Ada"));
      action.accept(manager);
      assertThat(transaction.getRollbackOnly()).isTrue();
      // without strict JPA compliance, Hibernate rolls back silently
      assertThat(catchThrowable(transaction::commit))
          .satisfiesAnyOf(
              e -> assertThat(e).isNull(),
              e -> assertThat(e).isInstanceOf(RollbackException.class));
    }
    assertThat(welcomes()).isEmpty();
    inTransaction(manager -> manager.persist(new Guest(1, "Ada")));
    assertThat(welcomes()).containsExactly("Hello, Ada!");
  }

  @Test
  void failsCommitWithTheClientsExceptionAsCause() {
    var failure =
        catchThrowableOfType(
            RollbackException.class,
            () ->
                inTransaction(
                    manager -> {
                      var host = new Guest(1, "Ada");
                      manager.persist(host);
                      host.brought.add(new Guest(2, NO_TEXT));
                    }));
    assertThat(failure.getCause()).satisfies(is(Code.INVALID_ARGUMENT));
    assertThat(welcomes()).isEmpty();
  }

  @Test
  void reportsAMissingExtension() {
    inTransaction(manager -> manager.createNativeQuery("DROP EXTENSION pg_hello").executeUpdate());
    assertThatThrownBy(() -> inTransaction(manager -> manager.persist(new Guest(1, "Ada"))))
        .satisfies(is(Code.NOT_CREATED))
        .hasMessageContaining("CREATE EXTENSION pg_hello");
  }

  @Test
  void reportsAMissingClient() {
    WelcomeListener.clearDefaultClient(used);
    assertThatThrownBy(() -> inTransaction(manager -> manager.persist(new Guest(1, "Ada"))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(GuestListener.class.getName() + " has no client")
        .hasMessageContaining("WelcomeListener.setDefaultClient(client)");
    WelcomeListener.setDefaultClient(used);
    inTransaction(manager -> manager.persist(new Guest(1, "Ada")));
    assertThat(welcomes()).containsExactly("Hello, Ada!");
  }

  @Test
  void greetsOnSeveralThreads() throws Exception {
    int threads = 2;
    int each = 100;
    onThreads(
        threads,
        thread ->
            inTransaction(
                manager -> {
                  for (int i = 0; i < each; i++) {
                    int id = thread * each + i;
                    manager.persist(new Guest(id, "Ada" + id));
                  }
                }));
    assertThat(welcomes())
        .containsExactlyElementsOf(
            IntStream.range(0, threads * each).mapToObj(i -> "Hello, Ada" + i + "!").toList());
  }

  @Test
  void sendsCallsOfSeveralThreadsTogether(WireProxy proxy) throws Exception {
    int threads = 8;
    try (PgHelloClient narrow =
        PgHelloClient.builder().dataSource(pool).maxInFlightBatches(1).build()) {
      narrow.hello("");
      use(narrow);
      proxy.delay(Duration.ofMillis(200));
      var roundTrips = new long[2];
      var before = new CyclicBarrier(threads, () -> roundTrips[0] = proxy.roundTrips());
      var after = new CyclicBarrier(threads, () -> roundTrips[1] = proxy.roundTrips());
      onThreads(
          threads,
          thread ->
              inTransaction(
                  manager -> {
                    await(before);
                    manager.persist(new Guest(thread, "Ada"));
                    await(after);
                  }));
      // the first call is sent separately, and later ones are sent together
      assertThat(roundTrips[1] - roundTrips[0]).isBetween(2L, 4L);
    }
    assertThat(welcomes()).hasSize(threads).containsOnly("Hello, Ada!");
  }

  /** The case described in the Javadoc's warning. */
  @Test
  void failsInTimeWhereTransactionsHoldAllConnectionsOfTheClientsPool(DataSource dataSource)
      throws Exception {
    var callTimeout = Duration.ofMillis(500);
    try (HikariDataSource shared = pool(dataSource, 2);
        PgHelloClient starved =
            PgHelloClient.builder().dataSource(shared).callTimeout(callTimeout).build()) {
      use(starved);
      reopen(shared);
      var atOnce = new CyclicBarrier(2);
      onThreads(
          2,
          thread -> {
            var waited = new Duration[1];
            assertThatThrownBy(
                    () ->
                        inTransaction(
                            manager -> {
                              takeConnection(manager);
                              await(atOnce);
                              long begin = System.nanoTime();
                              try {
                                manager.persist(new Guest(thread, "Ada"));
                              } finally {
                                waited[0] = Duration.ofNanos(System.nanoTime() - begin);
                                await(atOnce);
                              }
                            }))
                .satisfies(is(Code.CONNECTION_UNAVAILABLE))
                .hasMessageContaining("size of the pool");
            assertThat(waited[0]).isLessThan(callTimeout.plusSeconds(15));
          });
      assertThat(welcomes()).isEmpty();
      factory.close();
    }
  }

  @Test
  void succeedsIfTheClientHasASeparatePool(DataSource dataSource) throws Exception {
    try (HikariDataSource transactions = pool(dataSource, 2)) {
      reopen(transactions);
      var atOnce = new CyclicBarrier(2);
      onThreads(
          2,
          thread ->
              inTransaction(
                  manager -> {
                    takeConnection(manager);
                    await(atOnce);
                    manager.persist(new Guest(thread, "Ada"));
                    await(atOnce);
                  }));
      assertThat(welcomes()).containsExactly("Hello, Ada!", "Hello, Ada!");
      factory.close();
    }
  }

  private void reopen(DataSource transactions) {
    factory.close();
    factory = Units.open("guests", transactions, Map.of(Units.SCHEMA_ACTION, "none"));
  }

  private void inTransaction(Consumer<EntityManager> action) {
    Units.inTransaction(factory, action);
  }

  private List<@Nullable String> welcomes() {
    var welcomes = new ArrayList<@Nullable String>();
    inTransaction(
        manager ->
            welcomes.addAll(
                manager
                    .createQuery("select g.welcome from Guest g order by g.id", String.class)
                    .getResultList()));
    return welcomes;
  }

  private static Consumer<Throwable> is(Code code) {
    return error ->
        assertThat(error)
            .isInstanceOfSatisfying(
                FunctionCallException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static void sends(int roundTrips, WireProxy proxy, WireProxy.Action action) {
    try {
      proxy.assertRoundTrips(roundTrips, action);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void onThreads(int threads, IntConsumer action) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      var all = new ArrayList<Future<?>>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        all.add(executor.submit(() -> action.accept(thread)));
      }
      for (Future<?> each : all) {
        each.get(60, TimeUnit.SECONDS);
      }
    } finally {
      executor.shutdownNow();
    }
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
