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
 * Delivers the events of the table {@code outbox}, each at least once: a row is deleted in the
 * transaction in which it was handled, and only then. Whoever dies before the commit leaves the
 * rows to the next, who handles them again, so a handler must bear to be told twice.
 *
 * <p>Events come in batches, and the size of a batch starts at one and doubles up to {@value
 * #MAX_BATCH}. After a batch that was lost, by an error or the end of the process, it starts at one
 * again. A batch of one counts the attempt before the handler is called. So an event that loses its
 * batch each time is soon alone in it, is counted, waits longer after each attempt, and is set
 * aside after {@value #MAX_ATTEMPTS}.
 *
 * <p>Several may deliver at a time: each takes rows that no other has taken. One alone handles
 * events in the order of their numbers, but for those that failed. An event whose transaction
 * commits later than that of the next number comes later.
 *
 * <p>The data source needs two connections at a time, one to listen and one to deliver. A pool must
 * reset the network time-out of a connection that comes back, as HikariCP does. Thread-safe.
 */
final class Outbox {
  private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
  private static final String CHANNEL = "outbox";

  private static final int MAX_BATCH = 100;
  private static final int MAX_ATTEMPTS = 20;

  // the trigger notifies at most once in 100 ms: twice that later, the rest has been committed
  private static final long AFTER_NOTIFICATION_MILLIS = 200;

  /**
   * Limits of a transaction.
   *
   * @param batch the time after which it hands on no further event
   * @param answer how long the server may take for an answer; a connection that was cut silently
   *     never answers. The server waits half as long for a lock
   */
  record Limits(Duration batch, Duration answer) {}

  // takes new events, in order, and of them the first and as many more as have a megabyte together;
  // the types of all operands are such that no operator or function of others is a better match
  static final String TAKE_NEW =
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

  // failures is the number before the attempt; the wait doubles from a second up to five minutes
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

  // a subquery's value can be looked up in an index, a volatile function's cannot
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
   * @param topic as in {@code user.signed_up}
   * @param payload JSON
   */
  record Event(long id, String topic, String payload) {}

  /** Handles events. It runs inside of a transaction, and so should not take long. */
  interface Handler {
    /** Returns when the event was handled; an event whose handler throws comes again later. */
    void handle(Event event) throws Exception;
  }

  /** Creates the tables and the triggers, where they are not there yet. */
  void create() throws SQLException {
    try (Connection connection = database.getConnection()) {
      GreetingConfig.create(connection);
      GreetingConfig.runScript(connection, Outbox.class, "outbox.sql");
    }
  }

  /**
   * Delivers what there is, and what will be, on a thread of its own. It keeps a connection to
   * listen on, and takes another for each batch, so a pool of one connection delivers nothing.
   *
   * @param interval how often events are looked for although no notification has come, as those are
   *     that failed
   */
  // region listen
  Delivery listen(Duration interval, Handler handler) {
    var delivery = new Delivery(handler);
    delivery.listener =
        NotificationListener.start(CHANNEL, database::getConnection, interval, delivery::run);
    return delivery;
  }

  // endregion

  /** Delivers what is due, and returns how many events that were, with those that failed. */
  int deliver(Handler handler) throws SQLException {
    return new Delivery(handler).deliver();
  }

  /** Delivers to one handler, until it is closed. */
  final class Delivery implements AutoCloseable {
    private final Handler handler;
    private @Nullable NotificationListener listener;
    private volatile boolean closed;
    private volatile @Nullable Connection inUse;
    private volatile @Nullable Thread delivering;

    private Delivery(Handler handler) {
      this.handler = handler;
    }

    /** Returns how long ago it was last known that nothing more is due. */
    Duration sinceLastRun() {
      return listener == null ? Duration.ZERO : listener.sinceLastRun();
    }

    private void run() throws SQLException, InterruptedException {
      delivering = Thread.currentThread();
      deliver();
      // also where another has taken what there was, as that one may be long about it
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

    // from the first number again after a second, as a smaller one may have been committed later
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
        List<Event> events = takeNew(connection, after, size);
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

    /** Counts the attempt in a transaction, and delivers the event in the next. */
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
        for (Event event : take(connection, attempt.id())) {
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
     * Begins a transaction that passes over rows that others are changing, in place of an error,
     * and ends before its answer is given up: a session that waits would go on without a client.
     * Nothing of it stays in the session, which a pooler may give to others.
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
        // an Error, too, is of this event alone
        if (!closed || !(e instanceof InterruptedException)) {
          failed.add(event.id());
          warn(event, e);
        }
      } finally {
        // a handler's flag would end the waits of others, as of a connection pool
        Thread.interrupted();
      }
    }

    private static void warn(Event event, Throwable e) {
      String message = "Event {} ({}) was not handled and comes again";
      try {
        LOG.warn(message, event.id(), event.topic(), e);
      } catch (RuntimeException | Error unprintable) {
        LOG.warn(message, event.id(), event.topic() + ": " + e.getClass());
      }
    }

    /**
     * Ends the delivery: interrupts the handler, and waits some seconds for its end. What it has
     * not handled by then comes again. A handler may call this: its event is the last one.
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
          LOG.warn("The connection that delivered was not closed", e);
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

  private static List<Event> takeNew(Connection connection, long after, int size)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TAKE_NEW)) {
      statement.setLong(1, after);
      statement.setInt(2, size);
      return events(statement);
    }
  }

  private static List<Event> take(Connection connection, long id) throws SQLException {
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
