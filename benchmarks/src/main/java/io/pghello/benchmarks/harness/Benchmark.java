// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;

/** A set of comparisons with their resources, which it holds until it is closed. */
public interface Benchmark extends AutoCloseable {

  /** Returns the server's description of itself. */
  Environment.Server server() throws SQLException;

  /** Returns the comparisons, in the order of the table. */
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
     * Opens the benchmark. With {@code quick}, it is smaller and only checks that everything works.
     */
    Benchmark open(boolean quick) throws Exception;
  }
}
