// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.*;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "hstore")
class SessionsIT {
  @Test
  void readsOnlyCommittedRows(DataSource dataSource) throws SQLException {
    try (Connection writer = dataSource.getConnection();
        Connection reader = dataSource.getConnection();
        Statement statement = writer.createStatement()) {
      statement.execute("CREATE TABLE item (tags hstore)");
      writer.setAutoCommit(false);
      statement.execute("INSERT INTO item VALUES ('colour=>red')");
      assertEquals("0", ask(reader, "SELECT count(*) FROM item"));
      writer.commit();
      assertEquals("1", ask(reader, "SELECT count(*) FROM item"));
    }
  }

  @Test
  void connectsWithTheUrl(TestDatabase database) throws SQLException {
    try (Connection connection = DriverManager.getConnection(database.jdbcUrl())) {
      assertEquals(database.name(), ask(connection, "SELECT current_database()"));
    }
  }

  @Test
  void logsInAsOwnerOrSuperuser(Connection owner, @Superuser Connection superuser)
      throws SQLException {
    assertEquals("app", ask(owner, "SELECT current_user"));
    assertEquals("on", ask(superuser, "SHOW is_superuser"));
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
