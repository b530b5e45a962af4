package ${package};

import io.pghello.extension.ExtensionException;
import io.pghello.extension.batching.*;
import java.sql.*;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;

/**
 * Calls the functions of ${extensionName}. Create one client per application, and close it at
 * shutdown.
 *
 * <p>Thread-safe. Calls that arrive while other calls are running are combined into one statement.
 */
public final class ${className}Client implements AutoCloseable {
  private final BatchedFunction<double[], Double> distances;

  private ${className}Client(DataSource dataSource) {
    this.distances = BatchedFunction.create(
        dataSource, ${className}Extension.DESCRIPTION, "${extensionName}_distance_all", new Distances());
  }

  /**
   * Creates a client, after checking the extension in the database with one round trip.
   *
   * @throws ExtensionException if the extension is missing, is older than the oldest supported
   *     version, or lacks functions of that version; the message contains the fix. Functions of
   *     later versions are required only when they are called.
   */
  public static ${className}Client create(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      ${className}Extension.DESCRIPTION.inspect(connection).requireUsable();
    }
    return new ${className}Client(dataSource);
  }

  /**
   * Returns the distance between two numbers ({@code ${extensionName}_distance_all}).
   *
   * @throws FunctionCallException if the call fails, for example because a number is not finite
   *     (SQLSTATE 22003)
   */
  public double distance(double a, double b) {
    return distances.call(new double[] {a, b});
  }

  /**
   * Returns a future for the distance, without blocking. If the call fails, the future completes
   * exceptionally.
   */
  public CompletableFuture<Double> distanceAsync(double a, double b) {
    return distances.callAsync(new double[] {a, b});
  }

  /** Returns the distances in the order of the pairs. Takes one round trip per 1,024 pairs. */
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
      Double[] a = pairs.stream().map(pair -> pair[0]).toArray(Double[]::new);
      Double[] b = pairs.stream().map(pair -> pair[1]).toArray(Double[]::new);
      statement.setArray(1, connection.createArrayOf("float8", a));
      statement.setArray(2, connection.createArrayOf("float8", b));
    }

    @Override
    public List<Double> read(Array answers) throws SQLException {
      return List.of((Double[]) answers.getArray());
    }

    @Override
    public boolean matches(double[] pair, Double answer) {
      return answer >= 0; // all that can be checked: a distance is never negative
    }

    @Override
    public int sizeInBytes(double[] pair) {
      return 2 * Double.BYTES;
    }
  }
}
