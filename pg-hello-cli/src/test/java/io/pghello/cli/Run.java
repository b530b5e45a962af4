// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** One run of the program in a JVM of its own, with an environment of its own. */
record Run(int status, String out, String err) {
  static Run pghello(Map<String, String> environment, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Pghello.class.getName()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().putAll(environment);
    try {
      Process process = builder.start();
      // not of the common pool, which a test may keep busy
      var err = new FutureTask<>(() -> read(process.getErrorStream()));
      new Thread(err).start();
      String out = read(process.getInputStream());
      return new Run(process.waitFor(), out, err.get());
    } catch (IOException | ExecutionException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String read(InputStream stream) {
    try (stream) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Map<String, String> environment(PgHelloServer server, TestDatabase database) {
    return new HashMap<>(
        Map.of(
            "PGHOST", "127.0.0.1",
            "PGPORT", String.valueOf(server.port()),
            "PGUSER", "hello",
            "PGDATABASE", database.name(),
            "PGPASSWORD", server.password()));
  }

  static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  static String value(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** Returns what the server finds at a path; it refuses what is no JSON. */
  static String json(Connection connection, String text, String path) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT jsonb_path_query_first(?::jsonb, ?::jsonpath) #>> '{}'")) {
      statement.setString(1, text);
      statement.setString(2, path);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }
}
