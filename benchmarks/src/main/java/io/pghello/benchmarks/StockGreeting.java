// SPDX-License-Identifier: MIT
package io.pghello.benchmarks;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The peer of a first greeting: the embedded server alone, as its own documentation starts it. */
final class StockGreeting {
  private StockGreeting() {}

  public static void main(String[] args) throws IOException, SQLException {
    try (EmbeddedPostgres server = EmbeddedPostgres.start();
        Connection connection = server.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT 'Hello, ' || 'Ada' || '!'")) {
      row.next();
      System.out.println(row.getString(1));
    }
  }
}
