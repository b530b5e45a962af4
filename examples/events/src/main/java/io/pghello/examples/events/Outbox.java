// SPDX-License-Identifier: MIT
package io.pghello.examples.events;

import io.pghello.examples.shared.GreetingConfig;
import io.pghello.examples.shared.NotificationListener;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers the events of the table {@code outbox}, each at least once: a row is deleted in the
 * transaction in which it was handled, and only then. Whoever dies before the commit leaves the
 * rows to the next, who handles them again, so a handler must bear to be told twice.
 *
 * <p>Several may deliver at a time: each takes rows that no other has taken. One alone handles
 * events in the order of their numbers, but for those that failed. An event whose transaction
 * commits later than that of the next number comes later. Thread-safe.
 */
final class Outbox {
  private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
  private static final String CHANNEL = "outbox";

  // how many rows are taken at a time, and so how many may come twice
  private static final int BATCH = 100;

  private final DataSource database;

  Outbox(DataSource database) {
    this.database = database;
  }

  /**
   * What happened.
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

  /** Creates the tables and the triggers. */
  void create() throws SQLException {
    try (Connection connection = database.getConnection()) {
      GreetingConfig.create(connection);
      GreetingConfig.runScript(connection, Outbox.class, "outbox.sql");
    }
  }

  /**
   * Delivers what there is, and what will be, on a thread of its own.
   *
   * @param interval how often events are looked for although no notification has come, as those are
   *     that failed
   */
  // region listen
  NotificationListener listen(Duration interval, Handler handler) {
    return NotificationListener.start(
        CHANNEL, database::getConnection, interval, () -> deliver(handler));
  }

  // endregion

  /**
   * Delivers what is due, until the thread is interrupted, and returns how many events that were,
   * with those that failed.
   */
  int deliver(Handler handler) throws SQLException {
    int delivered = 0;
    int some;
    do {
      some = deliverBatch(handler);
      delivered += some;
    } while (some > 0 && !Thread.currentThread().isInterrupted());
    return delivered;
  }

  // region batch
  private int deliverBatch(Handler handler) throws SQLException {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      List<Event> events = take(connection);
      var handled = new ArrayList<Long>();
      var failed = new ArrayList<Long>();
      for (Event event : events) {
        if (!Thread.currentThread().isInterrupted()) {
          handle(event, handler, handled, failed);
        }
      }
      update(connection, "DELETE FROM outbox WHERE id = ANY (?)", handled);
      update(
          connection,
          "UPDATE outbox SET failures = failures + 1,"
              + " due_at = now_ms() + least(300000, 1000 * 2 ^ least(failures, 10))::bigint"
              + " WHERE id = ANY (?)",
          failed);
      connection.commit();
      return handled.size() + failed.size();
    }
  }

  private static List<Event> take(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT id, topic, payload FROM outbox WHERE due_at <= now_ms()"
                + " ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED")) {
      statement.setInt(1, BATCH);
      var events = new ArrayList<Event>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          events.add(new Event(rows.getLong(1), rows.getString(2), rows.getString(3)));
        }
      }
      return events;
    }
  }

  // endregion

  private static void handle(Event event, Handler handler, List<Long> handled, List<Long> failed) {
    try {
      handler.handle(event);
      handled.add(event.id());
    } catch (InterruptedException e) {
      // whoever closes the listener; the event has not failed, and is told again
      Thread.currentThread().interrupt();
    } catch (Throwable e) {
      // an Error, too, is of this event alone
      LOG.warn("Event {} ({}) was not handled and comes again", event.id(), event.topic(), e);
      failed.add(event.id());
    }
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
