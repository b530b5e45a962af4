// SPDX-License-Identifier: MIT
// region client
package org.acme.geo;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.*;
import java.sql.*;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;

/** Thread-safe: create one for the application. */
public final class MidpointClient implements AutoCloseable {
  private static final ExtensionDescription EXTENSION =
      ExtensionDescription.builder("acme_geo")
          .function("acme_geo_midpoint_all(double precision[], double precision[])", "double precision[]")
          .build();

  private final BatchedFunction<Pair, Double> midpoints;

  public MidpointClient(DataSource pool, CallListener listener) {
    midpoints =
        BatchedFunction.builder(EXTENSION, "acme_geo_midpoint_all", new Midpoints())
            .dataSource(pool)
            .listener(listener)
            .build();
  }

  public double midpoint(double a, double b) {
    return midpoints.call(new Pair(a, b));
  }

  public CompletableFuture<Double> midpointAsync(double a, double b) {
    return midpoints.callAsync(new Pair(a, b));
  }

  @Override
  public void close() {
    midpoints.close();
  }

  private record Pair(double a, double b) {}

  private static class Midpoints implements BatchMapper<Pair, Double> {
    @Override
    public void bind(PreparedStatement statement, List<Pair> pairs) throws SQLException {
      Connection connection = statement.getConnection();
      Double[] a = pairs.stream().map(Pair::a).toArray(Double[]::new);
      Double[] b = pairs.stream().map(Pair::b).toArray(Double[]::new);
      statement.setArray(1, connection.createArrayOf("float8", a));
      statement.setArray(2, connection.createArrayOf("float8", b));
    }

    @Override
    public List<Double> read(Array answers) throws SQLException {
      return List.of((Double[]) answers.getArray());
    }

    @Override
    public boolean matches(Pair pair, Double answer) {
      double rounding = Double.MIN_VALUE; // of tiny numbers
      return answer >= Math.min(pair.a, pair.b) - rounding
          && answer <= Math.max(pair.a, pair.b) + rounding;
    }

    @Override
    public int sizeInBytes(Pair pair) {
      return 2 * Double.BYTES;
    }
  }
}
// endregion
