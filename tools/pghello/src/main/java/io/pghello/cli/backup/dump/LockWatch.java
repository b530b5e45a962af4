// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.TerminalText;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Limits how long the sessions that dump a database wait for locks of other sessions. If the limit
 * is exceeded, all sessions of the dump are terminated, repeatedly, until this object is closed.
 * pg_dump's own limit covers tables only.
 *
 * <p>A dump that has just begun waits for {@link #SHORT} only, because its locks make other
 * sessions wait, and little work is lost. A dump waits longer, the longer it has run.
 */
final class LockWatch implements AutoCloseable {
  /** The shortest time after which a waiting dump is ended. */
  static final Duration SHORT = Duration.ofSeconds(5);

  private static final long POLL_MILLIS = 500;

  private static final int NETWORK_TIMEOUT_MILLIS = 60_000;

  private static final String SESSIONS =
      " FROM pg_stat_activity WHERE application_name = ? AND datname = current_database() AND usename = session_user";

  // Reading pg_locks is expensive if pg_dump has locked many tables.
  private static final String IS_WAITING =
      "SELECT EXISTS (SELECT" + SESSIONS + " AND wait_event_type = 'Lock')";

  // A session that waits for another session of the dump is not the cause. Such a session can be
  // in front of the dump's sessions in the queue, and continues once the dump has ended.
  private static final String BLOCKER =
      """
      WITH RECURSIVE own (pid) AS (
        SELECT pid %s
      ), waiting (pid, since, relation) AS (
        SELECT pid, waitstart, relation FROM pg_locks JOIN own USING (pid) WHERE NOT granted
      ), blocking (waiting, pid) AS (
        SELECT pid, unnest(pg_blocking_pids(pid)) FROM waiting
        UNION
        SELECT waiting, unnest(pg_blocking_pids(pid)) FROM blocking
      )
      SELECT w.pid || ' ' || w.since, w.relation::regclass, b.pid, a.usename
      FROM waiting w JOIN blocking b ON w.pid = b.waiting LEFT JOIN pg_stat_activity a ON a.pid = b.pid
      WHERE b.pid NOT IN (SELECT pid FROM own) AND cardinality(pg_blocking_pids(b.pid)) = 0
      ORDER BY w.since, b.pid
      LIMIT 1
      """
          .formatted(SESSIONS);

  private static final String TERMINATE = "SELECT pg_terminate_backend(pid)" + SESSIONS;

  /**
   * A lock that another session held for too long.
   *
   * @param what the locked relation and the session, for a message
   * @param waited how long the dump waited for the lock
   */
  record Blocker(String what, Duration waited) {}

  private final Target server;
  private final String name;
  private final Duration limit;
  private final long begin = System.nanoTime();
  private final Thread thread;
  private volatile @Nullable Blocker blocker;

  // The present wait of a session of the dump for another session; empty if there is none. Used
  // only by the thread.
  private String wait = "";
  private long waitingSince;

  /**
   * Begins to watch.
   *
   * @param server the database
   * @param name the application name of the dump's sessions, which no other sessions have
   * @param limit the longest time to wait for a lock
   */
  LockWatch(Target server, String name, Duration limit) {
    this.server = server;
    this.name = name;
    this.limit = limit;
    thread = new Thread(this::run, "pghello-lock-watch");
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try {
      while (true) {
        try (Connection session = server.connectForLong()) {
          session.setNetworkTimeout(Runnable::run, NETWORK_TIMEOUT_MILLIS);
          while (blocker == null) {
            Thread.sleep(POLL_MILLIS);
            if (Query.isTrue(session, IS_WAITING, name)) {
              blocker = findBlocker(session);
            } else {
              wait = "";
            }
          }
          while (true) {
            Query.values(session, TERMINATE, name);
            Thread.sleep(100);
          }
        } catch (SQLException e) {
          // The next attempt may succeed. If all attempts fail, the server has ended, and so has
          // the dump.
          Thread.sleep(1000);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Returns the blocker if another session has been blocking the dump for too long. The time is
   * counted from when this session was first seen to be the cause of the wait, because the dump may
   * have waited for itself before.
   */
  private @Nullable Blocker findBlocker(Connection session) throws SQLException {
    try (PreparedStatement statement = session.prepareStatement(BLOCKER)) {
      statement.setString(1, name);
      try (ResultSet row = statement.executeQuery()) {
        boolean isBlocked = row.next();
        String found = isBlocked ? String.valueOf(row.getString(1)) : "";
        if (!found.equals(wait)) {
          wait = found;
          waitingSince = System.nanoTime();
        }
        Duration waited = Duration.ofNanos(System.nanoTime() - waitingSince);
        return isBlocked && waited.compareTo(patience()) >= 0
            ? new Blocker(describe(row), waited)
            : null;
      }
    }
  }

  private static String describe(ResultSet row) throws SQLException {
    String relation = row.getString(2);
    int process = row.getInt(3);
    String role = row.getString(4);
    return (relation == null ? "a row or object" : TerminalText.line(relation))
        + " is locked by "
        + (process == 0
            ? "a prepared transaction"
            : "session " + process + (role == null ? "" : " of role " + TerminalText.line(role)));
  }

  /** Returns how long to wait: as long as the dump has run before, within limits. */
  private Duration patience() {
    Duration run = Duration.ofNanos(waitingSince - begin);
    Duration atLeastShort = run.compareTo(SHORT) > 0 ? run : SHORT;
    return atLeastShort.compareTo(limit) < 0 ? atLeastShort : limit;
  }

  /** Returns the lock that made this object end the dump; null if it was not ended. */
  @Nullable Blocker blocker() {
    return blocker;
  }

  /** Stops watching, and waits until the thread that terminates sessions has ended. */
  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
