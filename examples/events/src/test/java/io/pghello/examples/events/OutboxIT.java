// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.examples.events.Outbox.Event;
import io.pghello.examples.shared.NotificationListener;
import io.pghello.testkit.PgHelloTest;
import io.pghello.testkit.TestDatabase;
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
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Events are delivered at least once, whoever dies. */
@PgHelloTest
@Timeout(120)
class OutboxIT {
  private static final Duration NEVER = Duration.ofHours(1);

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
  void tellsWhatTheTriggersHaveWritten(Connection connection, DataSource database)
      throws Exception {
    try (NotificationListener listener = new Outbox(database).listen(NEVER, told::add)) {
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
  void tellsNothingThatWasRolledBack(Connection connection, DataSource database) throws Exception {
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
  void tellsInTheOrderOfTheNumbersWhatHappenedWhileNobodyListened(DataSource database)
      throws Exception {
    signUp(database, 250);
    assertThat(new Outbox(database).deliver(told::add)).isEqualTo(250);
    assertThat(told).extracting(Event::id).isSorted().hasSize(250);
    assertThat(waiting(database)).isZero();
  }

  @Test
  void leavesTheRestToTheNextOneWhenItIsClosed(DataSource database) throws Exception {
    signUp(database, 250);
    var begun = new CountDownLatch(1);
    NotificationListener listener =
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
  void anErrorIsOfItsEventAlone(DataSource database) throws Exception {
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
  void tellsAgainWhatAKilledListenerHasNotAcknowledged(TestDatabase database) throws Exception {
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
      for (int i = 0; i < 6; i++) {
        second.add(listener.nextEvent());
        listener.acknowledge();
      }
      execute(database.dataSource(), "INSERT INTO users (username) VALUES ('later')");
      assertThat(listener.nextEvent()).contains("later");
    }
    assertThat(second).doesNotHaveDuplicates().containsAll(first);
    assertThat(second).anyMatch(event -> event.contains("meanwhile"));
  }

  @Test
  void tellsAgainWhatWasHandledWhenTheConnectionIsLostBeforeTheCommit(TestDatabase database)
      throws Exception {
    signUp(database.dataSource(), 3);
    var calls = new AtomicInteger();
    try (NotificationListener listener =
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
      for (int i = 0; i < 6; i++) {
        ids.add(next().id());
      }
      assertThat(ids.subList(3, 6)).isEqualTo(ids.subList(0, 3));
      assertThat(listener).isNotNull();
    }
  }

  @Test
  void comesBackToWhatFailedAndGoesOnWithTheOthers(DataSource database) throws Exception {
    signUp(database, 3);
    var calls = new AtomicInteger();
    try (NotificationListener listener =
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
    // who finds all rows taken has nothing to do; what was taken is handled by who has taken it
    assertThat(ids).hasSize(1_000);
    assertThat(new HashSet<>(ids)).hasSize(1_000);
    assertThat(waiting(database)).isZero();
  }
}
