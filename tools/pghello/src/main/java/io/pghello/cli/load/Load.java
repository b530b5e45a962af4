// SPDX-License-Identifier: MIT
package io.pghello.cli.load;

import io.pghello.cli.connect.ExtensionFunctions.Own;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.SqlErrors;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Calls the extension at a fixed rate, independent of response times. The latency of a call is
 * measured from its scheduled time, so that stalls of the server are visible.
 */
final class Load {
  private static final long HIGHEST_NANOS = Duration.ofMinutes(10).toNanos();

  /**
   * A function to call.
   *
   * @param parameters empty, or placeholders for a name and a repeat count
   * @param share the number of calls to this function in each cycle
   */
  record Called(Own function, String parameters, int share) {}

  private final Target target;
  private final List<Called> called;
  private final int turn;
  private final int connections;
  private final double rate;
  private final Duration time;
  private final Duration tolerated;

  private final AtomicLong next = new AtomicLong();
  private final AtomicBoolean stop = new AtomicBoolean();
  private final AtomicBoolean late = new AtomicBoolean();
  private final Histogram latencies = new Histogram(HIGHEST_NANOS, 3);
  private final Map<String, Integer> errors = new TreeMap<>();
  private long lastNanos;

  /**
   * Creates an instance.
   *
   * @param rate the number of calls per second
   * @param tolerated the maximum delay of calls; if a delay is longer, the load stops
   */
  Load(
      Target target,
      List<Called> called,
      int connections,
      double rate,
      Duration time,
      Duration tolerated) {
    this.target = target;
    this.called = called;
    this.turn = called.stream().mapToInt(Called::share).sum();
    this.connections = connections;
    this.rate = rate;
    this.time = time;
    this.tolerated = tolerated;
  }

  /** Runs the load on new threads, and waits for all of them. */
  void run() throws SQLException, InterruptedException {
    var sessions = new ArrayList<Connection>();
    try {
      for (int i = 0; i < connections; i++) {
        sessions.add(target.connect());
      }
      for (Connection session : sessions) {
        // The first calls of a session load the library and plan the statement.
        List<PreparedStatement> statements = prepare(session);
        for (int which = 0; which < called.size(); which++) {
          for (int i = 0; i < 10; i++) {
            call(statements, which, -1 - i);
          }
        }
      }
      long begin = System.nanoTime();
      var threads = new ArrayList<Thread>();
      for (Connection session : sessions) {
        var thread = new Thread(() -> work(session, begin), "pghello-load");
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
    } finally {
      stop.set(true);
      for (Connection session : sessions) {
        close(session);
      }
    }
  }

  private void close(Connection session) {
    try {
      session.close();
    } catch (SQLException e) {
      // The session is lost, and its call has been counted as failed.
      return;
    }
  }

  /** Prepares the statements. They are closed with the session. */
  private List<PreparedStatement> prepare(Connection session) throws SQLException {
    var statements = new ArrayList<PreparedStatement>();
    for (Called one : called) {
      Own function = one.function();
      statements.add(
          session.prepareStatement(
              "SELECT " + function.guarded(function.name() + "(" + one.parameters() + ")")));
    }
    return statements;
  }

  private void work(Connection session, long begin) {
    var mine = new Histogram(HIGHEST_NANOS, 3);
    long last = begin;
    try {
      List<PreparedStatement> statements = prepare(session);
      while (!stop.get()) {
        long number = next.getAndIncrement();
        long due = begin + (long) (number * 1e9 / rate);
        if (due - begin >= time.toNanos()) {
          break;
        }
        for (long wait; (wait = due - System.nanoTime()) > 0 && !stop.get(); ) {
          LockSupport.parkNanos(wait);
        }
        if (System.nanoTime() - due > tolerated.toNanos()) {
          late.set(true);
          stop.set(true);
          break;
        }
        try {
          call(statements, which(number), number);
          last = System.nanoTime();
          mine.recordValue(Math.min(last - due, HIGHEST_NANOS));
        } catch (SQLException e) {
          count(e);
          if (session.isClosed()) {
            break;
          }
        }
      }
    } catch (SQLException e) {
      count(e);
    }
    synchronized (latencies) {
      latencies.add(mine);
      lastNanos = Math.max(lastNanos, last - begin);
    }
  }

  /** Returns the index of the function for this call. */
  private int which(long number) {
    int which = 0;
    for (int place = Math.floorMod(number, turn); place >= called.get(which).share(); which++) {
      place -= called.get(which).share();
    }
    return which;
  }

  /**
   * Calls a function with different arguments each time, because results for constants are computed
   * only once.
   */
  private void call(List<PreparedStatement> statements, int which, long number)
      throws SQLException {
    PreparedStatement statement = statements.get(which);
    String name = "load " + number;
    int repeat = Math.floorMod(number, 3) + 1;
    boolean greets = !called.get(which).parameters().isEmpty();
    if (greets) {
      statement.setString(1, name);
      statement.setInt(2, repeat);
    }
    try (ResultSet row = statement.executeQuery()) {
      row.next();
      String greeting = String.join(" ", Collections.nCopies(repeat, "Hello, " + name + "!"));
      if (greets ? !greeting.equals(row.getString(1)) : row.getLong(1) <= 0) {
        throw new SQLException("wrong result for " + (greets ? name : "now_ms()"));
      }
    }
  }

  private void count(SQLException e) {
    synchronized (latencies) {
      errors.merge(SqlErrors.message(e), 1, Integer::sum);
    }
  }

  Histogram latencies() {
    return latencies;
  }

  /** Returns the number of errors by message. */
  Map<String, Integer> errors() {
    return errors;
  }

  /** Returns whether the load stopped because the server could not keep up. */
  boolean isLate() {
    return late.get();
  }

  double callsPerSecond() {
    return lastNanos == 0 ? 0 : latencies.getTotalCount() * 1e9 / lastNanos;
  }
}
