package ${package};

import io.pghello.extension.ExtensionException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;

/** Calls of ${extensionName}, one round trip each. Thread-safe if the data source is. */
public final class ${className}Client {
  private final DataSource dataSource;
  private final String distance;
  private final String distanceAll;

  private ${className}Client(DataSource dataSource, String schema) {
    this.dataSource = dataSource;
    this.distance =
        "SELECT " + schema + ".${extensionName}_distance(?::pg_catalog.float8, ?::pg_catalog.float8)";
    this.distanceAll =
        "SELECT " + schema + ".${extensionName}_distance_all(?::pg_catalog.float8, ?::pg_catalog.float8[])";
  }

  /**
   * Looks for the extension in the database, in one round trip.
   *
   * @throws ExtensionException if it cannot be used; the message says why, and what to do
   */
  public static ${className}Client create(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      var installation = ${className}Extension.DESCRIPTION.find(connection).require();
      return new ${className}Client(dataSource, installation.schema());
    }
  }

  /**
   * Returns how far two numbers are apart ({@code ${extensionName}_distance}).
   *
   * @throws SQLException also if one is not finite (SQLSTATE 22003)
   */
  public double distance(double a, double b) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(distance)) {
      statement.setDouble(1, a);
      statement.setDouble(2, b);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getDouble(1);
      }
    }
  }

  /**
   * Returns how far a number is from each of a list, in its order, in one round trip.
   *
   * @throws SQLException also if one is not finite (SQLSTATE 22003) or null (22004)
   */
  public List<Double> distanceAll(double a, List<Double> b) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(distanceAll)) {
      statement.setDouble(1, a);
      statement.setArray(2, connection.createArrayOf("float8", b.toArray()));
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        var answer = (Double[]) row.getArray(1).getArray();
        if (answer.length != b.size()) {
          throw new SQLException(answer.length + " answers to " + b.size() + " questions");
        }
        return List.of(answer);
      }
    }
  }
}
