// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;

/**
 * A set of comparisons and the resources that they need. The resources are held until the benchmark
 * is closed.
 */
public interface Benchmark extends AutoCloseable {

  /** Returns the description of the database server. */
  Environment.Server server() throws SQLException;

  /** Returns the comparisons, in the order of the table's rows. */
  List<Comparison> comparisons();

  /** Returns the measurements along an axis. */
  default List<Sweep> sweeps() throws SQLException {
    return List.of();
  }

  /** Returns the rows that cannot be measured on this machine, with the reasons. */
  default List<String> notRun() {
    return List.of();
  }

  @Override
  void close() throws IOException, SQLException;

  /** Opens a benchmark. */
  interface Factory {
    /**
     * Opens the benchmark. If {@code quick} is true, the benchmark is smaller and only checks that
     * everything works.
     */
    Benchmark open(boolean quick) throws Exception;
  }
}
