package ${package};

import io.pghello.extension.ExtensionException;
import io.pghello.extension.batching.*;
import java.sql.*;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;

/** Calls of ${extensionName}: those that would wait for a connection share a statement. Thread-safe. */
public final class ${className}Client implements AutoCloseable {
  private final CoalescedFunction<double[], Double> distances;

  private ${className}Client(DataSource dataSource) {
    this.distances = CoalescedFunction.create(
        dataSource, ${className}Extension.DESCRIPTION, "${extensionName}_distance_all", new Distances());
  }

  /**
   * Looks for the extension in the database of a pool, in one round trip.
   *
   * @throws ExtensionException if the database lacks the oldest version that will do, or its
   *     functions; the message has the remedy. Later functions are required by their calls alone.
   */
  public static ${className}Client create(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      ${className}Extension.DESCRIPTION.find(connection).require();
    }
    return new ${className}Client(dataSource);
  }

  /**
   * Returns how far two numbers are apart ({@code ${extensionName}_distance_all}).
   *
   * @throws FunctionCallException also if one is not finite (SQLSTATE 22003)
   */
  public double distance(double a, double b) {
    return distances.call(new double[] {a, b});
  }

  /** The same without waiting; errors are in the future. */
  public CompletableFuture<Double> distanceAsync(double a, double b) {
    return distances.callAsync(new double[] {a, b});
  }

  /** Returns the distance of each pair, in their order. Takes one round trip for 1,024 pairs. */
  public List<Double> distanceAll(List<double[]> pairs) {
    return distances.callAll(pairs);
  }

  @Override
  public void close() {
    distances.close();
  }

  private static final class Distances implements BatchMapper<double[], Double> {
    @Override
    public void bind(PreparedStatement statement, List<double[]> pairs) throws SQLException {
      Connection connection = statement.getConnection();
      statement.setArray(1, connection.createArrayOf("float8", pairs.stream().map(pair -> pair[0]).toArray()));
      statement.setArray(2, connection.createArrayOf("float8", pairs.stream().map(pair -> pair[1]).toArray()));
    }

    @Override
    public List<Double> read(Array answers) throws SQLException {
      return List.of((Double[]) answers.getArray());
    }

    @Override
    public boolean matches(double[] pair, Double answer) {
      return answer >= 0; // all that can be known of a distance
    }

    @Override
    public int sizeInBytes(double[] pair) {
      return 2 * Double.BYTES;
    }
  }
}
