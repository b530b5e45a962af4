package ${package};

import io.pghello.extension.ExtensionException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Calls of ${extensionName}, one round trip each. Thread-safe if the data source is. */
public final class ${className}Client {
  private final DataSource dataSource;
  private final String distance;

  private ${className}Client(DataSource dataSource, String schema) {
    this.dataSource = dataSource;
    this.distance =
        "SELECT " + schema + ".${extensionName}_distance(?::pg_catalog.float8, ?::pg_catalog.float8)";
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
}
