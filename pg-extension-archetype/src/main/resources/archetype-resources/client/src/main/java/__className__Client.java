package ${package};

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Calls of ${extensionName}, one round trip each. Thread-safe if the data source is. */
public final class ${className}Client {
  private static final String PREFLIGHT =
      """
      SELECT pg_catalog.quote_ident(n.nspname),
        pg_catalog.string_to_array(e.extversion, '.')::pg_catalog.int4[] OPERATOR(pg_catalog.>=) '{1,1}',
        EXISTS (SELECT FROM pg_catalog.pg_available_extensions a
          WHERE a.name OPERATOR(pg_catalog.=) '${extensionName}')
      FROM (SELECT) AS one
        LEFT JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) '${extensionName}'
        LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
      """;

  private final DataSource dataSource;
  private final String distance;

  private ${className}Client(DataSource dataSource, String schema) {
    this.dataSource = dataSource;
    this.distance = "SELECT " + schema + ".${extensionName}_distance(?, ?)";
  }

  /**
   * Looks for the extension in the database, in one round trip.
   *
   * @throws IllegalStateException if it is not there or too old; the message says what to do
   */
  public static ${className}Client create(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(PREFLIGHT);
        ResultSet row = statement.executeQuery()) {
      row.next();
      String schema = row.getString(1);
      if (schema == null) {
        throw new IllegalStateException(
            row.getBoolean(3)
                ? "${extensionName} is not in this database. Remedy: CREATE EXTENSION ${extensionName}"
                : "${extensionName} is not on this server. Remedy: make -C extension install");
      }
      if (!row.getBoolean(2)) {
        throw new IllegalStateException(
            "${extensionName} is older than 1.1. Remedy: ALTER EXTENSION ${extensionName} UPDATE");
      }
      return new ${className}Client(dataSource, schema);
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
