// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.Row;
import io.pghello.benchmarks.harness.SampleNames;
import io.pghello.benchmarks.load.Load;
import io.pghello.benchmarks.peers.JdbcPeer;
import java.util.List;

/**
 * One thread and one connection, which our client and JDBC by hand use alternately of some
 * milliseconds. It is chance on which CPUs a thread and the server's process find themselves, and
 * makes more difference than anything else in a single caller's round trip; here it is the same for
 * both.
 */
final class SingleConnectionComparison implements AutoCloseable {
  private static final int CALLS = 100;

  private final HikariDataSource pool;
  private final PgHelloClient client;
  private final JdbcPeer jdbc;
  private final long serverPid;
  private final int samples;

  /**
   * Connects both.
   *
   * @param samples how many each takes in a round
   */
  SingleConnectionComparison(Address address, long serverPid, int samples) {
    this.pool = JdbcPeer.pool(address, 1);
    this.client = PgHelloClient.create(pool);
    this.jdbc = new JdbcPeer(pool);
    this.serverPid = serverPid;
    this.samples = samples;
  }

  /** Calls for one name each; in thousands of calls a second. */
  InterleavedSamples calls() {
    return samples(
        Side.rate(CALLS, serverPid, () -> each(client::hello)),
        Side.rate(CALLS, serverPid, () -> each(jdbc::hello)));
  }

  /** One call for many names, and by hand one after the other; in thousands of names a second. */
  InterleavedSamples bulk(int count) {
    List<String> names = SampleNames.USUAL.list(count);
    return samples(
        Side.rate(count, serverPid, () -> SampleNames.USUAL.check(count, client.helloAll(names))),
        Side.rate(CALLS, serverPid, () -> jdbc.helloAll(SampleNames.USUAL, CALLS)));
  }

  private InterleavedSamples samples(Side ours, Side peer) {
    return new InterleavedSamples(
        Row.Better.HIGHER, InterleavedSamples.Statistic.TRIMMED_MEAN, samples, ours, peer);
  }

  private static void each(Load.Caller caller) throws Exception {
    for (int i = 0; i < CALLS; i++) {
      SampleNames.USUAL.check(i, caller.hello(SampleNames.USUAL.name(i)));
    }
  }

  @Override
  public void close() {
    client.close();
    pool.close();
  }
}
