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
 * <p>Notifications are lost while the connection is down, and some poolers do not forward them.
 * Therefore, the action also runs whenever the listener has connected or reconnected. In addition,
 * it runs at the end of each interval without a notification, even if there is no connection. The
 * action must read the current state instead of relying on a notification for each change.
 *
 * <p>The action runs on a single thread. If it throws an exception, the exception is logged, and
 * the action runs again later. An interrupt flag set by the action does not stop the listener; only
 * {@link #close()} does.
 */
public final class NotificationListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NotificationListener.class);
  private static final long RECONNECT_MILLIS = 1_000;
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
  // the driver's timeout is an int, in milliseconds
  private static final Duration MAX_INTERVAL = Duration.ofDays(24);

  /** Opens a dedicated connection with PostgreSQL's driver. */
  public interface Connector {
    Connection connect() throws SQLException;
  }

  /** The action to run. */
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
  // each outage is logged only once; only the listener's thread uses these fields
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
   * Starts to listen on a new thread.
   *
   * @param channel the name of the channel, which must be valid without quotes
   * @param interval the interval, from a millisecond to 24 days
   */
  public static NotificationListener start(
      String channel, Connector connector, Duration interval, Action action) {
    if (interval.compareTo(Duration.ofMillis(1)) < 0 || interval.compareTo(MAX_INTERVAL) > 0) {
      throw new IllegalArgumentException("the interval must be from a millisecond to 24 days");
    }
    if (!channel.matches("[a-z_][a-z0-9_]*")) {
      throw new IllegalArgumentException("not a valid channel name: " + channel);
    }
    var listener = new NotificationListener(channel, connector, interval, action);
    listener.thread.setDaemon(true);
    listener.thread.start();
    return listener;
  }

  /**
   * Returns the time since the action last succeeded or, if it has not succeeded yet, since this
   * listener was started. If this time is much longer than the interval, the action is failing or
   * hanging.
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
                      "Not listening to {} because of an error: {}. Trying again every second."
                          + " Without a connection, the action runs only once per interval.",
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

  /** Runs the action. Returns whether it succeeded. An Error does not stop the listener. */
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

  /**
   * Logs an error. The thread continues even if logging throws an exception or runs out of memory.
   */
  private static void log(Runnable message) {
    try {
      message.run();
    } catch (Throwable e) {
      // nothing more can be done; the action will run again
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

  // close() also sets the interrupt flag, which must then stay set
  private void clearInterrupt() {
    if (!closed) {
      Thread.interrupted();
    }
  }

  /**
   * Stops the listener. Interrupts a running action, and waits up to five seconds for it to end. If
   * the action itself calls this method, the method neither interrupts nor waits, and the action
   * does not run again. Further calls have no effect.
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
