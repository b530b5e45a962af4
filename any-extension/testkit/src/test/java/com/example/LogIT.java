// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.pghello.extension.testkit.*;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.*;
import java.util.List;
import org.junit.jupiter.api.*;

@ExtensionTest(
    extensions = "pg_trgm",
    settings = {"log_statement = all", "log_line_prefix = '%m %d: '"})
class LogIT {
  @Test
  void logsStatements(Connection connection, ExtensionServer server, TestDatabase database)
      throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT similarity('word', 'words')");
    }
    assertTrue(log(server, database).get(0).endsWith("SELECT similarity('word', 'words')"));
  }

  @AfterEach
  void printLog(ExtensionServer server, TestDatabase database) throws IOException {
    log(server, database).forEach(System.out::println);
  }

  /** Returns the lines about this test's database. */
  private static List<String> log(ExtensionServer server, TestDatabase database)
      throws IOException {
    String name = " " + database.name() + ": ";
    return Files.readAllLines(server.logFile()).stream().filter(l -> l.contains(name)).toList();
  }
}
