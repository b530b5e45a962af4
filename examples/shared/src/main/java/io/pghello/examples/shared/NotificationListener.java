// SPDX-License-Identifier: MIT
package io.pghello.examples.shared;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs an action when PostgreSQL notifies a channel ({@code NOTIFY}).
 *
 * <p>Notifications are lost while there is no connection. So the action also runs whenever one has
 * been made, and, as not every pooler passes notifications on, at the end of each interval without
 * any. It must therefore read what there is, rather than trust in having been told of each change.
 * It runs on one thread; what it throws is logged, and it runs again.
 */
public final class NotificationListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NotificationListener.class);
  private static final long RECONNECT_MILLIS = 1_000;

  /** Makes a connection of PostgreSQL's driver that nobody else uses. */
  public interface Connector {
    Connection connect() throws SQLException;
  }

  /** What is run. */
  public interface Action {
    void run() throws SQLException;
  }

  private final String channel;
  private final Connector connector;
  private final int intervalMillis;
  private final Action action;
  private final Thread thread;
  private volatile @Nullable Connection open;
  private volatile boolean closed;
  // of the thread alone: an outage is logged once
  private boolean failing;

  private NotificationListener(
      String channel, Connector connector, Duration interval, Action action) {
    this.channel = channel;
    this.connector = connector;
    this.intervalMillis = Math.toIntExact(interval.toMillis());
    this.action = action;
    this.thread = new Thread(this::run, "listen-" + channel);
  }

  /**
   * Starts to listen, on a thread of its own.
   *
   * @param channel a name that needs no quotes
   * @param interval a millisecond or more
   */
  public static NotificationListener start(
      String channel, Connector connector, Duration interval, Action action) {
    if (interval.toMillis() < 1) {
      throw new IllegalArgumentException("the interval must be a millisecond or more");
    }
    if (!channel.matches("[a-z_][a-z0-9_]*")) {
      throw new IllegalArgumentException("not the name of a channel: " + channel);
    }
    var listener = new NotificationListener(channel, connector, interval, action);
    listener.thread.setDaemon(true);
    listener.thread.start();
    return listener;
  }

  private void run() {
    while (!closed) {
      try (Connection connection = connector.connect()) {
        open = connection;
        listen(connection);
      } catch (Throwable e) {
        // an Error of the action, too, does not end it
        if (!closed && !failing) {
          LOG.warn("Not listening to {}, trying again every second: {}", channel, e.toString());
          failing = true;
        }
      }
      open = null;
      pause();
    }
  }

  private void listen(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("LISTEN " + channel);
    }
    PGConnection notified = connection.unwrap(PGConnection.class);
    while (!closed) {
      action.run();
      failing = false;
      boolean told = notified.getNotifications(intervalMillis).length > 0;
      if (!told && !closed && !connection.isValid(5)) {
        throw new SQLException("the connection was lost");
      }
    }
  }

  private void pause() {
    try {
      if (!closed) {
        Thread.sleep(RECONNECT_MILLIS);
      }
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  /** Ends the listening, and waits for the action that may be running. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      Connection connection = open;
      if (connection != null) {
        connection.abort(Runnable::run);
      }
      thread.join();
    } catch (SQLException e) {
      LOG.warn("The connection that listened to {} was not closed", channel, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
