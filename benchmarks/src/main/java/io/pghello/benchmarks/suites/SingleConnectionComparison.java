// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.harness.InterleavedSamples;
import io.pghello.benchmarks.harness.SampleNames;
import io.pghello.benchmarks.load.Load;
import io.pghello.benchmarks.peers.JdbcPeer;
import java.util.List;

/**
 * One thread and one connection, used alternately by our client and by handwritten JDBC code, for a
 * few milliseconds each. For a single caller, the duration of a round trip mostly depends on the
 * CPUs on which the thread and the server process run, and the operating system chooses these CPUs
 * unpredictably. Because both sides share the thread and the connection, the CPUs are the same for
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
   * Connects both sides.
   *
   * @param samples the number of samples per side and round
   */
  SingleConnectionComparison(Address address, long serverPid, int samples) {
    this.pool = JdbcPeer.pool(address, 1);
    this.client = PgHelloClient.create(pool);
    this.jdbc = new JdbcPeer(pool);
    this.serverPid = serverPid;
    this.samples = samples;
  }

  /** Returns samples of calls with one name each, in thousands of calls per second. */
  InterleavedSamples calls() {
    return samples(
        Side.rate(CALLS, serverPid, () -> each(client::hello)),
        Side.rate(CALLS, serverPid, () -> each(jdbc::hello)));
  }

  /**
   * Returns samples of one call with many names, compared with consecutive handwritten calls, in
   * thousands of names per second.
   */
  InterleavedSamples bulk(int count) {
    List<String> names = SampleNames.USUAL.list(count);
    return samples(
        Side.rate(count, serverPid, () -> SampleNames.USUAL.check(count, client.helloAll(names))),
        Side.rate(CALLS, serverPid, () -> jdbc.helloAll(SampleNames.USUAL, CALLS)));
  }

  private InterleavedSamples samples(Side ours, Side peer) {
    return new InterleavedSamples(
        BenchmarkRow.Better.HIGHER, InterleavedSamples.Statistic.TRIMMED_MEAN, samples, ours, peer);
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
