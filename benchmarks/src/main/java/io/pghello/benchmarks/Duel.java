// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.Comparison.Side;
import java.util.List;

/**
 * One thread and one connection, which our client and JDBC by hand use in turns of some
 * milliseconds. It is chance on which CPUs a thread and the server's process find themselves, and
 * makes more difference than anything else in a single caller's round trip; here it is the same for
 * both.
 */
final class Duel implements AutoCloseable {
  private static final int CALLS = 100;

  private final HikariDataSource pool;
  private final PgHelloClient client;
  private final JdbcPeer jdbc;
  private final int turns;

  /**
   * Connects both.
   *
   * @param turns how many each takes in a round
   */
  Duel(Address address, int turns) {
    this.pool = JdbcPeer.pool(address, 1);
    this.client = PgHelloClient.create(pool);
    this.jdbc = new JdbcPeer(pool);
    this.turns = turns;
  }

  /** Calls for one name each; in thousands of calls a second. */
  Turns calls() {
    return turns(
        Side.rate(CALLS, () -> each(client::hello)), Side.rate(CALLS, () -> each(jdbc::hello)));
  }

  /** One call for many names, and by hand one after the other; in thousands of names a second. */
  Turns bulk(int count) {
    List<String> names = Names.USUAL.list(count);
    return turns(
        Side.rate(count, () -> Names.USUAL.check(count, client.helloAll(names))),
        Side.rate(CALLS, () -> jdbc.helloAll(Names.USUAL, CALLS)));
  }

  private Turns turns(Side ours, Side peer) {
    return new Turns(Row.Better.HIGHER, Turns.Counts.MEAN, turns, ours, peer);
  }

  private static void each(Load.Caller caller) throws Exception {
    for (int i = 0; i < CALLS; i++) {
      Names.USUAL.check(i, caller.hello(Names.USUAL.name(i)));
    }
  }

  @Override
  public void close() {
    client.close();
    pool.close();
  }
}
