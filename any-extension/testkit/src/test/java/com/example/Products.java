// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.SqlScripts;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import javax.sql.DataSource;

public class Products implements DatabasePreparer {
  private final SqlScripts tables = SqlScripts.fromClassPath("schema/products.sql");

  @Override
  public void prepare(DataSource dataSource) throws SQLException {
    tables.prepare(dataSource);
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "INSERT INTO product SELECT i, 'product ' || i FROM generate_series(1, 100000) i");
    }
  }

  @Override
  public Optional<String> cacheKey() {
    return tables.cacheKey().map(hash -> hash + " 100000 products");
  }
}
