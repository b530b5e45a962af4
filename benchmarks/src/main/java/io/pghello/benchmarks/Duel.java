// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.Comparison.Side;
import java.sql.SQLException;
import java.util.OptionalDouble;

/**
 * One thread and one connection, which our client and JDBC by hand use in turns of some
 * milliseconds. It is chance on which CPUs a thread and the server's process find themselves, and
 * makes more difference than anything else in a single caller's round trip; here it is the same for
 * both.
 */
final class Duel implements AutoCloseable {
  private static final int CALLS_PER_TURN = 100;

  private final HikariDataSource pool;
  private final PgHelloClient client;
  private final long nanos;
  private OptionalDouble ours = OptionalDouble.empty();
  private OptionalDouble theirs = OptionalDouble.empty();

  Duel(Address address, long nanos) {
    this.pool = JdbcPeer.pool(address, 1);
    this.client = PgHelloClient.create(pool);
    this.nanos = nanos;
  }

  /**
   * Our client: what came of this duel, if the other side has fought it already, or of a new one.
   */
  Side ours() {
    return () -> {
      if (ours.isEmpty()) {
        fight();
      }
      double figure = ours.orElseThrow();
      ours = OptionalDouble.empty();
      return figure;
    };
  }

  /** JDBC by hand; see {@link #ours}. */
  Side theirs() {
    return () -> {
      if (theirs.isEmpty()) {
        fight();
      }
      double figure = theirs.orElseThrow();
      theirs = OptionalDouble.empty();
      return figure;
    };
  }

  private void fight() throws Exception {
    long ourNanos = 0;
    long theirNanos = 0;
    int turns = 0;
    while (ourNanos + theirNanos < 2 * nanos) {
      ourNanos += turn(client::hello, turns);
      theirNanos += turn(this::byHand, turns);
      turns++;
    }
    double calls = (double) turns * CALLS_PER_TURN;
    ours = OptionalDouble.of(calls * 1e6 / ourNanos);
    theirs = OptionalDouble.of(calls * 1e6 / theirNanos);
  }

  private static long turn(Load.Caller caller, int turn) throws Exception {
    long begin = System.nanoTime();
    for (int i = 0; i < CALLS_PER_TURN; i++) {
      int number = turn * CALLS_PER_TURN + i;
      Names.USUAL.check(number, caller.hello(Names.USUAL.name(number)));
    }
    return System.nanoTime() - begin;
  }

  private String byHand(String name) throws SQLException {
    return String.valueOf(JdbcPeer.hello(pool, name));
  }

  @Override
  public void close() {
    client.close();
    pool.close();
  }
}
