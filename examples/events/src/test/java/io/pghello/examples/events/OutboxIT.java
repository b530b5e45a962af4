// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.examples.events.Outbox.Event;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import io.pghello.testkit.PgHelloTest;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.ds.PGSimpleDataSource;

/** Events are delivered at least once, even if processes die. */
@PgHelloTest
@Timeout(120)
class OutboxIT {
  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration SOON = Duration.ofMillis(200);

  private final BlockingQueue<Event> told = new LinkedBlockingQueue<>();

  @BeforeEach
  void create(DataSource database) throws SQLException {
    new Outbox(database).create();
  }

  private static void execute(DataSource database, String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static long waiting(DataSource database) throws SQLException {
    return waiting(database, "true");
  }

  private static long waiting(DataSource database, String condition) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT count(*) FROM outbox WHERE " + condition)) {
      row.next();
      return row.getLong(1);
    }
  }

  private static void signUp(DataSource database, int count) throws SQLException {
    execute(
        database,
        "INSERT INTO users (username) SELECT 'user' || i FROM generate_series(1, " + count + ") i");
  }

  private Event next() throws InterruptedException {
    Event event = told.poll(60, TimeUnit.SECONDS);
    assertThat(event).as("an event").isNotNull();
    return event;
  }

  // region wrapper
  private static String greet(Connection connection, String name) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT greet(?)")) {
      statement.setString(1, name);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  // endregion

  @Test
  void deliversEventsWrittenByTriggers(Connection connection, DataSource database)
      throws Exception {
    try (Outbox.Delivery listener = new Outbox(database).listen(NEVER, told::add)) {
      execute(database, "INSERT INTO users (username) VALUES ('Ada')");
      assertThat(next().payload())
          .isEqualTo("{\"id\": 1, \"greeting\": \"Hello, Ada!\", \"username\": \"Ada\"}");
      execute(database, "SELECT update_greeting_config(2)");
      assertThat(next())
          .satisfies(
              event -> {
                assertThat(event.topic()).isEqualTo("config.changed");
                assertThat(event.payload()).contains("\"after\": \"2\"", "\"before\": null");
              });
      execute(database, "INSERT INTO users (username) VALUES ('O''Brien')");
      assertThat(next().payload()).contains(greet(connection, "O'Brien"));
      execute(database, "DELETE FROM app_config");
      assertThat(next().payload()).contains("\"after\": null", "\"before\": \"2\"");
      assertThat(listener).isNotNull();
    }
    assertThat(told).isEmpty();
  }

  @Test
  void doesNotDeliverRolledBackEvents(Connection connection, DataSource database) throws Exception {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("INSERT INTO users (username) VALUES ('nobody')");
    }
    connection.rollback();
    signUp(database, 1);
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(1);
    assertThat(next().payload()).contains("user1");
  }

  @Test
  void deliversMissedEventsInOrder(DataSource database) throws Exception {
    signUp(database, 250);
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(250);
    assertThat(told).extracting(Event::id).isSorted().hasSize(250);
    assertThat(waiting(database)).isZero();
  }

  @Test
  void leavesTheRestToTheNextOneWhenItIsClosed(DataSource database) throws Exception {
    signUp(database, 250);
    var begun = new CountDownLatch(1);
    Outbox.Delivery listener =
        new Outbox(database)
            .listen(
                NEVER,
                event -> {
                  begun.countDown();
                  new CountDownLatch(1).await();
                });
    assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
    listener.close();
    assertThat(waiting(database, "failures = 0 AND due_at <= now_ms()")).isEqualTo(250);
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(250);
  }

  @Test
  void errorAffectsOnlyItsEvent(DataSource database) throws Exception {
    signUp(database, 3);
    int delivered =
        new Outbox(database)
            .deliver(
                event -> {
                  if (event.payload().contains("user2")) {
                    throw new StackOverflowError("of this test");
                  }
                  told.add(event);
                });
    assertThat(delivered).isEqualTo(3);
    assertThat(told).extracting(Event::id).containsExactly(1L, 3L);
    assertThat(waiting(database, "failures = 1")).isEqualTo(1);
  }

  @Test
  void redeliversEventsThatAKilledListenerDidNotAcknowledge(TestDatabase database)
      throws Exception {
    signUp(database.dataSource(), 5);
    var first = new ArrayList<String>();
    try (ListenProcess listener = new ListenProcess(database.jdbcUrl())) {
      for (int i = 0; i < 2; i++) {
        first.add(listener.nextEvent());
        listener.acknowledge();
      }
      first.add(listener.nextEvent());
    }
    execute(database.dataSource(), "INSERT INTO users (username) VALUES ('meanwhile')");
    var second = new ArrayList<String>();
    try (ListenProcess listener = new ListenProcess(database.jdbcUrl())) {
      for (int i = 0; i < 5; i++) {
        second.add(listener.nextEvent());
        listener.acknowledge();
      }
      execute(database.dataSource(), "INSERT INTO users (username) VALUES ('later')");
      assertThat(listener.nextEvent()).contains("later");
    }
    // the first event had its own batch; the other two were in one batch that was not committed
    assertThat(second).doesNotHaveDuplicates().containsAll(first.subList(1, 3));
    assertThat(second).doesNotContain(first.get(0));
    assertThat(second).anyMatch(event -> event.contains("meanwhile"));
  }

  @Test
  void redeliversEventsIfTheConnectionIsLostBeforeTheCommit(TestDatabase database)
      throws Exception {
    signUp(database.dataSource(), 3);
    var calls = new AtomicInteger();
    try (Outbox.Delivery listener =
        new Outbox(database.dataSource())
            .listen(
                NEVER,
                event -> {
                  told.add(event);
                  if (calls.incrementAndGet() == 3) {
                    execute(
                        database.superuserDataSource(),
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            + " WHERE datname = '"
                            + database.name()
                            + "' AND state = 'idle in transaction'");
                  }
                })) {
      var ids = new ArrayList<Long>();
      // the first event has its own batch, and the others are delivered again
      for (int i = 0; i < 5; i++) {
        ids.add(next().id());
      }
      assertThat(ids).containsExactly(1L, 2L, 3L, 2L, 3L);
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void retriesFailedEventsAndDeliversTheOthers(DataSource database) throws Exception {
    signUp(database, 3);
    var calls = new AtomicInteger();
    try (Outbox.Delivery listener =
        new Outbox(database)
            .listen(
                Duration.ofMillis(50),
                event -> {
                  if (event.payload().contains("user2") && calls.incrementAndGet() < 3) {
                    throw new IllegalStateException("of this test");
                  }
                  told.add(event);
                })) {
      assertThat(next().payload()).contains("user1");
      assertThat(next().payload()).contains("user3");
      assertThat(next().payload()).contains("user2");
      assertThat(calls).hasValue(3);
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void sharesEventsAmongThoseWhoDeliverAtTheSameTime(DataSource database) throws Exception {
    signUp(database, 1_000);
    deliverByFour(database, 1_000);
  }

  private static void deliverByFour(DataSource database, int events) throws SQLException {
    var ids = new ConcurrentLinkedQueue<Long>();
    List<CompletableFuture<Integer>> delivering = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      delivering.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return new Outbox(database).deliver(event -> ids.add(event.id()));
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    delivering.forEach(CompletableFuture::join);
    // if another process has taken all rows, a process has nothing to do, because the other one
    // handles them
    assertThat(ids).hasSize(events);
    assertThat(new HashSet<>(ids)).hasSize(events);
    assertThat(waiting(database)).isZero();
  }

  @Test
  void aHandlerThatInterruptsItsThreadEndsNothing(DataSource database) throws Exception {
    signUp(database, 5);
    try (Outbox.Delivery delivery =
        new Outbox(database)
            .listen(
                SOON,
                event -> {
                  told.add(event);
                  Thread.currentThread().interrupt();
                })) {
      for (int i = 0; i < 5; i++) {
        next();
      }
      execute(database, "INSERT INTO users (username) VALUES ('later')");
      assertThat(next().payload()).contains("later");
      assertThat(delivery).isNotNull();
    }
    assertThat(waiting(database)).isZero();
  }

  @Test
  void interruptedExceptionAffectsOnlyItsEvent(DataSource database) throws Exception {
    signUp(database, 5);
    assertThat(
            new Outbox(database)
                .deliver(
                    event -> {
                      if (event.id() == 3) {
                        throw new InterruptedException("of this test");
                      }
                      told.add(event);
                    }))
        .isEqualTo(5);
    assertThat(told).extracting(Event::id).containsExactly(1L, 2L, 4L, 5L);
    assertThat(waiting(database, "failures = 1 AND due_at > now_ms() - 60000")).isEqualTo(1);
  }

  /** The network drops all packets of existing connections; new connections work. */
  @Test
  void reconnectsAfterASilentConnectionLoss(TestDatabase database, WireProxy proxy)
      throws Exception {
    var connections = new AtomicInteger();
    var source =
        new PGSimpleDataSource() {
          @Override
          public Connection getConnection() throws SQLException {
            // the first connection listens, and the second delivers
            var target = new PGSimpleDataSource();
            target.setURL(database.jdbcUrl());
            if (connections.incrementAndGet() == 2) {
              target.setServerNames(new String[] {proxy.host()});
              target.setPortNumbers(new int[] {proxy.port()});
            }
            return target.getConnection();
          }
        };
    signUp(database.dataSource(), 1);
    var limits = new Outbox.Limits(Duration.ofSeconds(1), Duration.ofSeconds(1));
    try (Outbox.Delivery delivery =
        new Outbox(source, limits)
            .listen(
                SOON,
                event -> {
                  if (event.id() == 1 && connections.get() == 2) {
                    proxy.pause();
                  }
                  told.add(event);
                })) {
      assertThat(next().id()).isEqualTo(1);
      execute(database.dataSource(), "INSERT INTO users (username) VALUES ('later')");
      assertThat(next().payload()).contains("later");
      // the server keeps the row locked until it notices that the client is gone
      proxy.resetConnections();
      proxy.resume();
      assertThat(next().id()).isEqualTo(1);
      assertThat(delivery.sinceLastRun()).isLessThan(Duration.ofMinutes(1));
    }
  }

  @Test
  void closesThoughTheHandlerDoesNotEnd(DataSource database) throws Exception {
    signUp(database, 3);
    var begun = new CountDownLatch(1);
    var end = new AtomicBoolean();
    Outbox.Delivery delivery =
        new Outbox(database)
            .listen(
                NEVER,
                event -> {
                  begun.countDown();
                  while (!end.get()) {
                    Thread.onSpinWait();
                  }
                });
    assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
    delivery.close();
    end.set(true);
    // its connection was aborted, so further events are not committed
    assertThat(waiting(database)).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aHandlerMayCloseItsDelivery(int last, DataSource database) throws Exception {
    signUp(database, 3);
    var started = new CompletableFuture<Outbox.Delivery>();
    started.complete(
        new Outbox(database)
            .listen(
                NEVER,
                event -> {
                  told.add(event);
                  if (event.id() == last) {
                    started.join().close();
                  }
                }));
    await(database, 3 - last);
    assertThat(told).hasSize(last);
    assertThat(waiting(database, "failures = 0")).isEqualTo(3 - last);
  }

  @Test
  void handsNothingOnOnceItIsClosed(TestDatabase database) throws Exception {
    signUp(database.dataSource(), 3);
    var started = new CompletableFuture<Outbox.Delivery>();
    var thread = new CompletableFuture<Thread>();
    var connections = new AtomicInteger();
    var closing =
        new PGSimpleDataSource() {
          @Override
          public Connection getConnection() throws SQLException {
            // the first connection listens, and the second delivers
            if (connections.incrementAndGet() == 2) {
              started.join().close();
              thread.complete(Thread.currentThread());
            }
            return database.dataSource().getConnection();
          }
        };
    started.complete(new Outbox(closing).listen(NEVER, told::add));
    thread.get(60, TimeUnit.SECONDS).join();
    assertThat(told).isEmpty();
    assertThat(waiting(database.dataSource(), "failures = 0")).isEqualTo(3);
  }

  /**
   * Without a lock timeout, each attempt would leave a waiting session, until the server has no
   * free connections.
   */
  @Test
  void leavesNoSessionsThatWaitForALock(TestDatabase database, Connection connection)
      throws Exception {
    signUp(database.dataSource(), 1);
    var limits = new Outbox.Limits(Duration.ofSeconds(1), Duration.ofSeconds(1));
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("LOCK TABLE outbox");
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> new Outbox(database.dataSource(), limits).deliver(told::add))
            .isInstanceOf(SQLException.class);
      }
      awaitWaitingForLocks(database, 0);
    }
    connection.rollback();
    assertThat(new Outbox(database.dataSource()).deliver(told::add)).isEqualTo(1);
  }

  private static void awaitWaitingForLocks(TestDatabase database, long expected) throws Exception {
    String sql =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '"
            + database.name()
            + "'";
    try (Connection superuser = database.superuserDataSource().getConnection()) {
      for (int i = 0; i < 600 && number(superuser, sql) != expected; i++) {
        Thread.sleep(20);
      }
      assertThat(number(superuser, sql)).as("sessions that wait for a lock").isEqualTo(expected);
    }
  }

  /** A pooler passes the session to other clients after the transaction. */
  @Test
  void leavesNoSettingInItsSession(TestDatabase database) throws Exception {
    signUp(database.dataSource(), 3);
    execute(
        database.superuserDataSource(),
        "ALTER DATABASE \""
            + database.name()
            + "\" SET default_transaction_isolation = 'serializable'");
    try (Connection session = database.dataSource().getConnection();
        Statement statement = session.createStatement()) {
      var pooled =
          (Connection)
              Proxy.newProxyInstance(
                  OutboxIT.class.getClassLoader(),
                  new Class<?>[] {Connection.class},
                  (proxy, method, arguments) ->
                      method.getName().equals("close") ? null : method.invoke(session, arguments));
      var source =
          new PGSimpleDataSource() {
            @Override
            public Connection getConnection() {
              return pooled;
            }
          };
      assertThat(new Outbox(source).deliver(told::add)).isEqualTo(3);
      session.rollback();
      try (ResultSet row =
          statement.executeQuery(
              "SELECT current_setting('default_transaction_isolation') || ' '"
                  + " || current_setting('lock_timeout')")) {
        row.next();
        assertThat(row.getString(1)).isEqualTo("serializable 0");
      }
    }
  }

  /** No notification is sent for an event if one was sent just before. */
  @Test
  void deliversEventsDuringASlowHandler(DataSource database) throws Exception {
    var first = new AtomicBoolean(true);
    var end = new CountDownLatch(1);
    try (Connection other = database.getConnection();
        Statement statement = other.createStatement()) {
      Outbox.Handler handler =
          event -> {
            told.add(event);
            if (first.getAndSet(false)) {
              // before the other process checks again
              statement.execute(
                  "SELECT setval('outbox_notified', now_ms());"
                      + "INSERT INTO users (username) VALUES ('later')");
              end.await();
            }
          };
      assertDeliveredDuringASlowHandler(database, handler, end);
    }
  }

  private void assertDeliveredDuringASlowHandler(
      DataSource database, Outbox.Handler handler, CountDownLatch end) throws Exception {
    try (Outbox.Delivery one = new Outbox(database).listen(NEVER, handler);
        Outbox.Delivery two = new Outbox(database).listen(NEVER, handler)) {
      while (listening(database) < 2) {
        Thread.sleep(20);
      }
      signUp(database, 1);
      next();
      assertThat(next().payload()).contains("later");
      end.countDown();
      assertThat(one).isNotSameAs(two);
    }
  }

  private static long listening(DataSource database) throws SQLException {
    try (Connection connection = database.getConnection()) {
      return number(
          connection,
          "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN outbox'"
              + " AND datname = current_database()");
    }
  }

  /**
   * The process dies in the handler each time. The attempts for its event are counted, and the
   * other events are delivered.
   */
  @Test
  void setsAsideAnEventThatKillsTheProcess(TestDatabase database) throws Exception {
    signUp(database.dataSource(), 8);
    execute(
        database.dataSource(),
        "UPDATE outbox SET topic = 'poison' WHERE payload ->> 'username' = 'user3'");
    var topics = new ConcurrentLinkedQueue<String>();
    int deaths = 0;
    while (waiting(database.dataSource(), "topic <> 'poison'") > 0
        || waiting(database.dataSource(), "topic = 'poison' AND failures > 1") == 0) {
      assertThat(deaths++).as("deaths").isLessThan(12);
      try (ListenProcess listener = new ListenProcess(database.jdbcUrl())) {
        String event = listener.nextEvent();
        while (!event.startsWith("poison")) {
          topics.add(event);
          listener.acknowledge();
          event = listener.nextEvent();
        }
      }
      execute(database.dataSource(), "UPDATE outbox SET due_at = 0 WHERE due_at > 0");
    }
    assertThat(new HashSet<>(topics)).hasSize(7);
    execute(database.dataSource(), "UPDATE outbox SET failures = 19");
    try (ListenProcess listener = new ListenProcess(database.jdbcUrl())) {
      assertThat(listener.nextEvent()).startsWith("poison");
    }
    assertThat(waiting(database.dataSource(), "failures = 20 AND due_at IS NULL")).isEqualTo(1);
    assertThat(new Outbox(database.dataSource()).deliver(told::add)).isZero();
    assertThat(state(database.dataSource())).isEqualTo("0 0 0 1");
    execute(database.dataSource(), "UPDATE outbox SET due_at = 0");
    assertThat(new Outbox(database.dataSource()).deliver(told::add)).isEqualTo(1);
    assertThat(state(database.dataSource())).isEqualTo("0 0 0 0");
  }

  private static String state(DataSource database) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT * FROM outbox_state")) {
      row.next();
      return String.join(
          " ", row.getString(1), row.getString(2), row.getString(3), row.getString(4));
    }
  }

  @ParameterizedTest
  @CsvSource({"0,1000", "1,2000", "2,4000", "7,128000", "8,256000", "9,300000", "18,300000"})
  void waitsTwiceAsLongAfterEachFailureUpToFiveMinutes(
      int failures, long wait, Connection connection, DataSource database) throws Exception {
    signUp(database, 1);
    execute(database, "UPDATE outbox SET failures = " + failures);
    long before = number(connection, "SELECT now_ms()");
    new Outbox(database)
        .deliver(
            event -> {
              throw new IllegalStateException("of this test");
            });
    long after = number(connection, "SELECT now_ms()");
    assertThat(number(connection, "SELECT due_at FROM outbox"))
        .isBetween(before + wait, after + wait);
    assertThat(number(connection, "SELECT failures FROM outbox")).isEqualTo(failures + 1);
  }

  private static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }

  /** There are more events than one batch could handle in this time. */
  @Test
  void deliversAllThoughTheServerEndsLongTransactions(TestDatabase database) throws Exception {
    signUp(database.dataSource(), 10);
    execute(
        database.superuserDataSource(),
        "ALTER DATABASE \""
            + database.name()
            + "\" SET idle_in_transaction_session_timeout = '1s'");
    var limits = new Outbox.Limits(Duration.ofMinutes(1), Duration.ofMinutes(1));
    try (Outbox.Delivery delivery =
        new Outbox(database.dataSource(), limits)
            .listen(
                SOON,
                event -> {
                  told.add(event);
                  Thread.sleep(300);
                })) {
      await(database.dataSource(), 0);
      assertThat(told).hasSizeLessThan(40);
      assertThat(delivery).isNotNull();
    }
  }

  private static void await(DataSource database, long expected) throws Exception {
    for (int i = 0; i < 600 && waiting(database) != expected; i++) {
      Thread.sleep(100);
    }
    assertThat(waiting(database)).isEqualTo(expected);
  }

  @Test
  void commitsABatchWhenItsTimeIsOver(DataSource database) throws Exception {
    signUp(database, 40);
    var limits = new Outbox.Limits(Duration.ofMillis(50), Duration.ofMinutes(1));
    var mostUncommitted = new AtomicInteger();
    int delivered =
        new Outbox(database, limits)
            .deliver(
                event -> {
                  int uncommitted = told.size() - (40 - (int) waiting(database));
                  mostUncommitted.accumulateAndGet(uncommitted, Math::max);
                  told.add(event);
                  Thread.sleep(20);
                });
    assertThat(delivered).isEqualTo(40);
    assertThat(told).extracting(Event::id).isSorted();
    assertThat(mostUncommitted).hasValueLessThanOrEqualTo(3);
  }

  @Test
  void takesAMegabyteAtATime(Connection connection, DataSource database) throws SQLException {
    execute(
        database,
        "INSERT INTO outbox (topic, payload) SELECT 'large', to_jsonb(repeat('x', size))"
            + " FROM unnest(ARRAY[3000000, 400000, 400000, 400000]) size;"
            + "INSERT INTO outbox (topic, payload)"
            + " SELECT repeat('t', 2000000), '{}' FROM generate_series(1, 2)");
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement(Outbox.LOCK_NEW)) {
      statement.setInt(2, 100);
      for (String step : List.of("0:1", "1:2 3", "3:4", "4:5", "5:6")) {
        String[] parts = step.split(":", -1);
        statement.setLong(1, Long.parseLong(parts[0]));
        var ids = new ArrayList<String>();
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            ids.add(rows.getString(1));
          }
        }
        assertThat(ids).containsExactly(parts[1].split(" ", -1));
      }
    }
    connection.rollback();
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(6);
  }

  @Test
  void skipsEventsLockedByAnotherSession(Connection connection, DataSource database)
      throws Exception {
    signUp(database, 3);
    execute(database, "UPDATE outbox SET failures = 1 WHERE id = 3");
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT FROM outbox WHERE id <> 2 FOR UPDATE");
    }
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(1);
    assertThat(next().id()).isEqualTo(2);
    connection.rollback();
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(2);
  }

  @Test
  void notifiesAtMostOnceInATenthOfASecond(Connection connection, DataSource database)
      throws Exception {
    try (Connection listening = database.getConnection();
        Statement statement = connection.createStatement()) {
      try (Statement listen = listening.createStatement()) {
        listen.execute("LISTEN outbox");
      }
      long started = System.nanoTime();
      for (int i = 0; i < 200; i++) {
        statement.execute("INSERT INTO users (username) VALUES ('user" + i + "')");
      }
      long millis = (System.nanoTime() - started) / 1_000_000;
      // notifications arrive in commit order, so all earlier ones have arrived when this one
      // arrives
      statement.execute("NOTIFY outbox, 'end'");
      int notifications = -1;
      boolean ended = false;
      while (!ended) {
        PGNotification[] some = listening.unwrap(PGConnection.class).getNotifications(60_000);
        assertThat(some).isNotEmpty();
        notifications += some.length;
        ended = some[some.length - 1].getParameter().equals("end");
      }
      assertThat((long) notifications).isBetween(1L, millis / 100 + 2);
    }
  }

  /** If the clock is set back, notifications must not stop until it reaches the old time again. */
  @Test
  void notifiesWhenTheLastTimeIsInTheFuture(Connection connection, DataSource database)
      throws Exception {
    number(connection, "SELECT setval('outbox_notified', now_ms() + 3600000)");
    try (Statement statement = connection.createStatement()) {
      statement.execute("LISTEN outbox");
    }
    signUp(database, 1);
    assertThat(connection.unwrap(PGConnection.class).getNotifications(60_000)).hasSize(1);
  }

  /** A role that signs up users needs no privilege on the outbox, and cannot forge events. */
  @Test
  void writersCannotForgeEvents(TestDatabase database) throws Exception {
    String role = database.name() + "_writer";
    try (Connection superuser = database.superuserDataSource().getConnection();
        Statement statement = superuser.createStatement()) {
      statement.execute("CREATE ROLE \"" + role + "\"");
      statement.execute("GRANT INSERT ON users TO \"" + role + "\"");
      statement.execute("GRANT CREATE ON SCHEMA public TO \"" + role + "\"");
      try {
        statement.execute("SET ROLE \"" + role + "\"");
        statement.execute("INSERT INTO users (username) VALUES ('Ada')");
        for (String forged :
            List.of(
                "INSERT INTO outbox (topic, payload) VALUES ('user.signed_up', '{}')",
                "SELECT setval('outbox_notified', 0)",
                "CREATE TABLE mine (id integer, username text);"
                    + " CREATE TRIGGER mine AFTER INSERT ON mine"
                    + " FOR EACH ROW EXECUTE FUNCTION user_signed_up()")) {
          assertThatThrownBy(() -> statement.execute(forged))
              .as(forged)
              .hasMessageContaining("permission denied");
        }
      } finally {
        statement.execute("RESET ROLE");
        statement.execute("DROP OWNED BY \"" + role + "\"");
        statement.execute("DROP ROLE \"" + role + "\"");
      }
    }
    assertThat(waiting(database.dataSource())).isEqualTo(1);
  }

  /**
   * Functions that a role creates in the tables' schema are not called with the rights of other
   * roles.
   */
  @Test
  void runsNothingThatOthersHavePutIntoItsSchema(TestDatabase database) throws Exception {
    String role = database.name() + "_other";
    List<String> arguments =
        List.of(
            "greet(varchar) RETURNS text",
            "jsonb_build_object(text, integer, text, varchar, text, text) RETURNS jsonb",
            "jsonb_build_object(text, varchar, text, text, text, text) RETURNS jsonb",
            "setval(text, bigint) RETURNS bigint",
            "pg_notify(text, varchar) RETURNS void",
            "format(text, text, integer, text) RETURNS text",
            "format(text, name, regnamespace) RETURNS text",
            "hashtextextended(text, integer) RETURNS bigint",
            "equal(varchar, varchar) RETURNS boolean",
            "unequal(varchar, varchar) RETURNS boolean",
            "power(integer, integer) RETURNS integer",
            "times(integer, double precision) RETURNS integer");
    try (Connection superuser = database.superuserDataSource().getConnection();
        Statement statement = superuser.createStatement()) {
      statement.execute("CREATE TABLE trapped (who text DEFAULT current_user)");
      statement.execute("GRANT INSERT ON trapped TO PUBLIC");
      statement.execute("CREATE ROLE \"" + role + "\"");
      statement.execute("GRANT CREATE ON SCHEMA public TO \"" + role + "\"");
      try {
        statement.execute("SET ROLE \"" + role + "\"");
        for (String function : arguments) {
          statement.execute(
              "CREATE FUNCTION "
                  + function
                  + " LANGUAGE plpgsql AS $$ BEGIN INSERT INTO trapped DEFAULT VALUES; RAISE 'trapped'; END $$");
        }
        for (String operator :
            List.of(
                "= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = equal)",
                "<> (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = unequal)",
                "^ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = power)",
                "* (LEFTARG = integer, RIGHTARG = double precision, FUNCTION = times)")) {
          statement.execute("CREATE OPERATOR public." + operator);
        }
        statement.execute("RESET ROLE");
        execute(database.dataSource(), "DROP TABLE app_config CASCADE");
        new Outbox(database.dataSource()).create();
        signUp(database.dataSource(), 1);
        execute(database.dataSource(), "SELECT update_greeting_config(2)");
        new Outbox(database.dataSource())
            .deliver(
                event -> {
                  throw new IllegalStateException("of this test");
                });
        execute(database.dataSource(), "SELECT * FROM outbox_state");
      } finally {
        statement.execute("RESET ROLE");
        statement.execute("DROP OWNED BY \"" + role + "\" CASCADE");
        statement.execute("DROP ROLE \"" + role + "\"");
      }
    }
    assertThat(waiting(database.dataSource(), "failures = 1")).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SET search_path = ''",
        "CREATE TEMP TABLE outbox (topic text, payload jsonb)",
        "CREATE TEMP TABLE app_config (key, value) AS VALUES ('greeting_repeat', '9')"
      })
  void writesIntoItsOwnTables(String before, Connection connection, DataSource database)
      throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute(before);
      statement.execute("INSERT INTO public.users (username) VALUES ('Ada')");
    }
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(1);
    assertThat(next().payload()).contains("\"Hello, Ada!\"");
  }

  @Test
  void deliversAnEventForTruncate(DataSource database) throws Exception {
    execute(database, "SELECT update_greeting_config(2); TRUNCATE app_config");
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(2);
    assertThat(next().payload()).contains("\"after\": \"2\"");
    assertThat(next().payload()).isEqualTo("{\"key\": null, \"after\": null, \"before\": null}");
  }

  @Test
  void keepsEventsWhenItIsCreatedAgain(DataSource database) throws Exception {
    signUp(database, 2);
    new Outbox(database).create();
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(2);
  }

  @Test
  void createDoesNotDeadlockWithWriters(TestDatabase database, Connection connection)
      throws Exception {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("LOCK TABLE users IN ROW EXCLUSIVE MODE");
      var created = new CompletableFuture<String>();
      new Thread(
              () -> {
                try {
                  new Outbox(database.dataSource()).create();
                  created.complete("00000");
                } catch (SQLException e) {
                  created.complete(e.getSQLState());
                }
              })
          .start();
      awaitWaitingForLocks(database, 1);
      statement.execute("INSERT INTO users (username) VALUES ('meanwhile')");
      connection.commit();
      // otherwise, it would have waited for more than five seconds
      assertThat(created.get(60, TimeUnit.SECONDS)).isIn("00000", "55P03");
    }
    assertThat(waiting(database.dataSource())).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"serializable", "repeatable read"})
  void concurrentDeliveriesShareEventsAtAnyIsolationLevel(String isolation, TestDatabase database)
      throws Exception {
    signUp(database.dataSource(), 300);
    execute(
        database.superuserDataSource(),
        "ALTER DATABASE \""
            + database.name()
            + "\" SET default_transaction_isolation = '"
            + isolation
            + "'");
    deliverByFour(database.dataSource(), 300);
  }

  /** Without the index, each check would read all waiting rows and all deleted rows. */
  @Test
  void findsNewEventsWithAnIndex(Connection connection, DataSource database) throws Exception {
    signUp(database, 1);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET enable_seqscan = off");
      String query = Outbox.LOCK_NEW.replaceFirst("\\?", "0").replaceFirst("\\?", "100");
      try (ResultSet row = statement.executeQuery("EXPLAIN (FORMAT JSON) " + query)) {
        row.next();
        assertThat(row.getString(1)).contains("outbox_new");
      }
    }
  }
}
