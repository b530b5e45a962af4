// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;

/** A table of comparisons, with all that they need until it is closed. */
public interface Benchmark extends AutoCloseable {

  /** Returns what the server reports of itself. */
  Environment.Server server() throws SQLException;

  /** The lines of the table, in their order. */
  List<Comparison> comparisons();

  /** Returns what is measured along an axis. */
  default List<Sweep> sweeps() throws SQLException {
    return List.of();
  }

  /** Returns what cannot be measured here, each with the reason. */
  default List<String> notRun() {
    return List.of();
  }

  @Override
  void close() throws IOException, SQLException;

  /** Prepares a benchmark. */
  interface Factory {
    /** Opens it; {@code quick} asks for a smaller one, to see that it works. */
    Benchmark open(boolean quick) throws Exception;
  }
}
