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
 * <p>Notifications are lost while there is no connection, and not every pooler passes them on. So
 * the action also runs whenever a connection has been made, and at the end of each interval without
 * a notification, whether there is a connection that listens or not. It must therefore read what
 * there is, rather than trust in having been told of each change.
 *
 * <p>The action runs on one thread. What it throws is logged, and it runs again. It may leave the
 * thread interrupted, which ends nothing: only {@link #close()} does.
 */
public final class NotificationListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NotificationListener.class);
  private static final long RECONNECT_MILLIS = 1_000;
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
  // milliseconds of the driver's are an int
  private static final Duration MAX_INTERVAL = Duration.ofDays(24);

  /** Makes a connection of PostgreSQL's driver that nobody else uses. */
  public interface Connector {
    Connection connect() throws SQLException;
  }

  /** An action that is run. */
  public interface Action {
    void run() throws Exception;
  }

  private final String channel;
  private final Connector connector;
  private final int intervalMillis;
  private final Action action;
  private final Thread thread;
  private volatile @Nullable Connection open;
  private volatile boolean closed;
  private volatile long lastRun = System.nanoTime();
  // of the thread alone: an outage is logged once
  private boolean unconnected;
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
   * @param interval from a millisecond to 24 days
   */
  public static NotificationListener start(
      String channel, Connector connector, Duration interval, Action action) {
    if (interval.compareTo(Duration.ofMillis(1)) < 0 || interval.compareTo(MAX_INTERVAL) > 0) {
      throw new IllegalArgumentException("the interval must be from a millisecond to 24 days");
    }
    if (!channel.matches("[a-z_][a-z0-9_]*")) {
      throw new IllegalArgumentException("not the name of a channel: " + channel);
    }
    var listener = new NotificationListener(channel, connector, interval, action);
    listener.thread.setDaemon(true);
    listener.thread.start();
    return listener;
  }

  /**
   * Returns how long ago the action last ran to its end; until it first has, how long ago this was
   * started. Much more than the interval means that the action fails or hangs.
   */
  public Duration sinceLastRun() {
    return Duration.ofNanos(System.nanoTime() - lastRun);
  }

  private void run() {
    while (!closed) {
      try (Connection connection = connector.connect()) {
        open = connection;
        listen(connection);
      } catch (Throwable e) {
        if (!closed && !unconnected) {
          unconnected = true;
          log(
              () ->
                  LOG.warn(
                      "Not listening to {}, trying again every second; until then, only the"
                          + " interval runs the action: {}",
                      channel,
                      e.toString()));
        }
      }
      open = null;
      if (sinceLastRun().toMillis() >= intervalMillis) {
        succeeds();
      }
      pause(RECONNECT_MILLIS);
    }
  }

  private void listen(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("LISTEN " + channel);
    }
    unconnected = false;
    PGConnection notified = connection.unwrap(PGConnection.class);
    while (!closed) {
      if (!succeeds()) {
        pause(RECONNECT_MILLIS);
        continue;
      }
      boolean told = notified.getNotifications(intervalMillis).length > 0;
      if (!told && !closed && !connection.isValid(5)) {
        throw new SQLException("the connection was lost");
      }
    }
  }

  /** Runs the action, and returns whether it has thrown nothing. An Error does not end this. */
  private boolean succeeds() {
    try {
      action.run();
      lastRun = System.nanoTime();
      failing = false;
      return true;
    } catch (Throwable e) {
      if (!closed && !failing) {
        failing = true;
        log(() -> LOG.warn("The action for {} failed, trying again every second", channel, e));
      }
      return false;
    } finally {
      clearInterrupt();
    }
  }

  /** Logs an error, whose text may be an error again, and memory short: neither ends the thread. */
  private static void log(Runnable message) {
    try {
      message.run();
    } catch (Throwable e) {
      // nobody is left to tell; the action runs again
    }
  }

  private void pause(long millis) {
    try {
      if (!closed) {
        Thread.sleep(millis);
      }
    } catch (InterruptedException e) {
      clearInterrupt();
    }
  }

  // whoever closes this has set the flag as well
  private void clearInterrupt() {
    if (!closed) {
      Thread.interrupted();
    }
  }

  /**
   * Ends the listening: interrupts the action that may be running, and waits for its end, five
   * seconds at most. Called by the action itself, it does neither, and the action is the last. Does
   * nothing the second time.
   */
  @Override
  public void close() {
    closed = true;
    boolean byAction = thread.equals(Thread.currentThread());
    try {
      if (!byAction) {
        thread.interrupt();
      }
      Connection connection = open;
      if (connection != null) {
        connection.abort(Runnable::run);
      }
      if (byAction) {
        return;
      }
      thread.join(CLOSE_TIMEOUT.toMillis());
      if (thread.isAlive()) {
        LOG.warn("The action for {} is still running after {}", channel, CLOSE_TIMEOUT);
      }
    } catch (SQLException e) {
      LOG.warn("The connection that listened to {} was not closed", channel, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
