// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import io.pghello.examples.shared.GreetingConfig;
import io.pghello.examples.shared.NotificationListener;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers the events of the table {@code outbox} at least once. The transaction that handles an
 * event also deletes its row. If a process dies before the commit, another process handles the
 * events again, so handlers must be idempotent.
 *
 * <p>Events are delivered in batches. The batch size starts at one and doubles up to {@value
 * #MAX_BATCH}. If a batch fails (because of an error or the end of the process), the size starts at
 * one again. For a batch of one event, the attempt is counted before the handler is called. An
 * event that causes each of its batches to fail is therefore soon delivered separately, and its
 * attempts are counted. The delay before the next attempt grows, and after {@value #MAX_ATTEMPTS}
 * attempts the event is set aside.
 *
 * <p>Several processes can deliver at the same time, because each process skips rows that another
 * process has locked. A single process handles events in the order of their ids, except for events
 * that have failed. An event that is committed after an event with a higher id can be delivered
 * after that event.
 *
 * <p>The data source needs two connections at the same time, one to listen and one to deliver. A
 * pool must reset the network timeout of returned connections, as HikariCP does. Thread-safe.
 */
final class Outbox {
  private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
  private static final String CHANNEL = "outbox";

  private static final int MAX_BATCH = 100;
  private static final int MAX_ATTEMPTS = 20;

  // the trigger sends at most one notification per 100 ms; after twice that time, all other events
  // of the same 100 ms have been committed
  private static final long AFTER_NOTIFICATION_MILLIS = 200;

  /**
   * Time limits of a transaction.
   *
   * @param batch the time after which no further event of a batch is delivered
   * @param answer the timeout for responses from the server. Without it, the process would wait
   *     forever on a silently broken connection. The server's lock timeout is half of this time.
   */
  record Limits(Duration batch, Duration answer) {}

  // takes the first new event, and further events while the total size is at most one megabyte; the
  // operands have exactly the types that the built-in operators and functions expect, so that no
  // operator or function in another schema is a better match
  static final String LOCK_NEW =
      """
      WITH taken AS MATERIALIZED (
        SELECT id, topic, payload FROM outbox WHERE failures = 0 AND id > ?
        ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED
      ), measured AS (
        SELECT *, sum(octet_length(topic) + octet_length(payload::text)) OVER (ORDER BY id) AS bytes,
          row_number() OVER (ORDER BY id) AS number
        FROM taken
      )
      SELECT id, topic, payload FROM measured WHERE number = 1 OR bytes <= 1048576 ORDER BY id
      """;

  // "failures" does not include this attempt; the delay doubles with each attempt, from one second
  // to five minutes
  private static final String COUNT_ATTEMPT =
      """
      UPDATE outbox SET failures = failures + 1,
        due_at = CASE WHEN failures + 1 < %d
          THEN now_ms() + least(300000, 1000 * (1 << least(failures, 10)))::bigint END
      """
          .formatted(MAX_ATTEMPTS);

  private static final String COUNT_FAILED = COUNT_ATTEMPT + "WHERE id = ANY (?)";

  private static final String COUNT_NEW =
      COUNT_ATTEMPT
          + """
          WHERE id = (SELECT id FROM outbox WHERE failures = 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
          RETURNING id, failures
          """;

  // an index can be searched for the value of a subquery, but not for the value of a volatile
  // function
  private static final String COUNT_DUE =
      COUNT_ATTEMPT
          + """
          WHERE id = (SELECT id FROM outbox WHERE failures > 0 AND due_at <= (SELECT now_ms())
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
          RETURNING id, failures
          """;

  private final DataSource database;
  private final Limits limits;
  private volatile int batchSize = 1;

  Outbox(DataSource database) {
    this(database, new Limits(Duration.ofSeconds(1), Duration.ofSeconds(10)));
  }

  Outbox(DataSource database, Limits limits) {
    this.database = database;
    this.limits = limits;
  }

  /**
   * An event of the outbox.
   *
   * @param topic the kind of event, for example {@code user.signed_up}
   * @param payload the data of the event, as JSON
   */
  record Event(long id, String topic, String payload) {}

  /** Handles events. A handler runs inside a transaction, so it should not take long. */
  interface Handler {
    /** Handles an event. If this method throws an exception, the event is delivered again later. */
    void handle(Event event) throws Exception;
  }

  /** Creates the tables and triggers if they do not exist. */
  void create() throws SQLException {
    try (Connection connection = database.getConnection()) {
      GreetingConfig.create(connection);
      GreetingConfig.runScript(connection, Outbox.class, "outbox.sql");
    }
  }

  /**
   * Starts to deliver current and future events on a new thread. One connection listens
   * permanently, and each batch needs another one, so a pool with a single connection delivers
   * nothing.
   *
   * @param interval how often to check for events that no notification announces, such as failed
   *     events
   */
  // region listen
  Delivery listen(Duration interval, Handler handler) {
    var delivery = new Delivery(handler);
    delivery.listener =
        NotificationListener.start(CHANNEL, database::getConnection, interval, delivery::run);
    return delivery;
  }

  // endregion

  /** Delivers the events that are due. Returns the number of events, including failed events. */
  int deliver(Handler handler) throws SQLException {
    return new Delivery(handler).deliver();
  }

  /** Delivers events to one handler until this object is closed. */
  final class Delivery implements AutoCloseable {
    private final Handler handler;
    private @Nullable NotificationListener listener;
    private volatile boolean closed;
    private volatile @Nullable Connection inUse;
    private volatile @Nullable Thread delivering;

    private Delivery(Handler handler) {
      this.handler = handler;
    }

    /** Returns the time since the outbox was last known to contain no due events. */
    Duration sinceLastRun() {
      return listener == null ? Duration.ZERO : listener.sinceLastRun();
    }

    private void run() throws SQLException, InterruptedException {
      delivering = Thread.currentThread();
      deliver();
      // check again even if another process has taken all events, because that process may take a
      // long time to handle them
      if (!closed) {
        Thread.sleep(AFTER_NOTIFICATION_MILLIS);
        deliver();
      }
    }

    private int deliver() throws SQLException {
      int delivered = 0;
      int before;
      do {
        before = delivered;
        delivered += deliverNew();
        delivered += deliverDue();
      } while (delivered > before && !closed);
      return delivered;
    }

    // this method returns after the time limit, and the next call starts at the lowest id again,
    // because events with lower ids may be committed later
    private int deliverNew() throws SQLException {
      long started = System.nanoTime();
      int delivered = 0;
      var batch = new Batch(0, 0);
      do {
        int size = batchSize;
        batchSize = 1;
        batch = size == 1 ? deliverOne(COUNT_NEW) : deliverBatch(batch.last(), size);
        batchSize = Math.min(MAX_BATCH, 2 * size);
        delivered += batch.delivered();
      } while (batch.delivered() > 0 && !closed && isWithin(limits.batch(), started));
      return delivered;
    }

    private int deliverDue() throws SQLException {
      long started = System.nanoTime();
      int delivered = 0;
      int one;
      do {
        one = deliverOne(COUNT_DUE).delivered();
        delivered += one;
      } while (one > 0 && !closed && isWithin(limits.batch(), started));
      return delivered;
    }

    // region batch
    private Batch deliverBatch(long after, int size) throws SQLException {
      try (Connection connection = begin()) {
        List<Event> events = lockNew(connection, after, size);
        var handled = new ArrayList<Long>();
        var failed = new ArrayList<Long>();
        long started = System.nanoTime();
        for (Event event : events) {
          if (closed || !isWithin(limits.batch(), started)) {
            break;
          }
          handle(event, handled, failed);
        }
        update(connection, "DELETE FROM outbox WHERE id = ANY (?)", handled);
        update(connection, COUNT_FAILED, failed);
        connection.commit();
        int delivered = handled.size() + failed.size();
        return new Batch(delivered, delivered == 0 ? after : events.get(delivered - 1).id());
      } finally {
        inUse = null;
      }
    }

    // endregion

    /** Counts the attempt in one transaction and delivers the event in the next. */
    private Batch deliverOne(String count) throws SQLException {
      try (Connection connection = begin()) {
        Attempt attempt = count(connection, count);
        connection.commit();
        if (attempt == null) {
          return new Batch(0, 0);
        }
        if (attempt.number() >= MAX_ATTEMPTS) {
          LOG.warn("Event {} is delivered for the last time before it is set aside", attempt.id());
        } else if (attempt.number() > 1) {
          LOG.info("Event {} is delivered again, attempt {}", attempt.id(), attempt.number());
        }
        var handled = new ArrayList<Long>();
        var failed = new ArrayList<Long>();
        limit(connection);
        for (Event event : lock(connection, attempt.id())) {
          if (!closed) {
            handle(event, handled, failed);
          }
        }
        update(connection, "DELETE FROM outbox WHERE id = ANY (?)", handled);
        if (closed && handled.isEmpty() && failed.isEmpty()) {
          update(
              connection,
              "UPDATE outbox SET failures = failures - 1, due_at = 0 WHERE id = ANY (?)",
              List.of(attempt.id()));
        }
        connection.commit();
        if (!failed.isEmpty() && attempt.number() >= MAX_ATTEMPTS) {
          LOG.error("Event {} is set aside after {} attempts", attempt.id(), attempt.number());
        }
        return new Batch(1, attempt.id());
      } finally {
        inUse = null;
      }
    }

    private Connection begin() throws SQLException {
      Connection connection = database.getConnection();
      try {
        connection.setNetworkTimeout(Runnable::run, (int) limits.answer().toMillis());
        connection.setAutoCommit(false);
        limit(connection);
        inUse = connection;
        return connection;
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
    }

    /**
     * Begins a transaction that skips rows locked by other sessions instead of failing. The
     * server's lock timeout ends the transaction before the client gives up waiting, because
     * otherwise the session would continue to run without a client. All settings are local to the
     * transaction, because a pooler may pass the session to other clients.
     */
    private void limit(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = "
                + Math.max(1, limits.answer().toMillis() / 2));
      }
    }

    private void handle(Event event, List<Long> handled, List<Long> failed) {
      try {
        handler.handle(event);
        handled.add(event.id());
      } catch (Throwable e) {
        // an Error also counts only as a failure of this event
        if (!closed || !(e instanceof InterruptedException)) {
          failed.add(event.id());
          warn(event, e);
        }
      } finally {
        // clear an interrupt flag set by the handler, because it would affect other code, e.g. the
        // connection pool
        Thread.interrupted();
      }
    }

    private static void warn(Event event, Throwable e) {
      String message = "Event {} ({}) was not handled and will be delivered again";
      try {
        LOG.warn(message, event.id(), event.topic(), e);
      } catch (RuntimeException | Error unprintable) {
        LOG.warn(message, event.id(), event.topic() + ": " + e.getClass());
      }
    }

    /**
     * Stops the delivery. Interrupts the handler, and waits a few seconds for it to end. Events
     * that the handler has not handled are delivered again later. If a handler calls this method,
     * no event is delivered after the current one.
     */
    @Override
    public void close() {
      closed = true;
      if (listener != null) {
        listener.close();
      }
      Connection connection = inUse;
      if (connection != null && !Thread.currentThread().equals(delivering)) {
        try {
          connection.abort(Runnable::run);
        } catch (SQLException e) {
          LOG.warn("The delivery connection was not closed", e);
        }
      }
    }
  }

  private static boolean isWithin(Duration limit, long startNanos) {
    return System.nanoTime() - startNanos < limit.toNanos();
  }

  private record Batch(int delivered, long last) {}

  private record Attempt(long id, int number) {}

  private static @Nullable Attempt count(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      return row.next() ? new Attempt(row.getLong(1), row.getInt(2)) : null;
    }
  }

  private static List<Event> lockNew(Connection connection, long after, int size)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LOCK_NEW)) {
      statement.setLong(1, after);
      statement.setInt(2, size);
      return events(statement);
    }
  }

  private static List<Event> lock(Connection connection, long id) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT id, topic, payload FROM outbox WHERE id = ? FOR UPDATE SKIP LOCKED")) {
      statement.setLong(1, id);
      return events(statement);
    }
  }

  private static List<Event> events(PreparedStatement statement) throws SQLException {
    var events = new ArrayList<Event>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        events.add(new Event(rows.getLong(1), rows.getString(2), rows.getString(3)));
      }
    }
    return events;
  }

  private static void update(Connection connection, String sql, List<Long> ids)
      throws SQLException {
    if (ids.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
      statement.executeUpdate();
    }
  }
}
