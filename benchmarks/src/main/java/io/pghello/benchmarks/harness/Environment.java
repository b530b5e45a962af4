// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.File;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where something was measured.
 *
 * @param date when, as ISO 8601 says it
 * @param libraries the jars of the class path, whose names have the version in them
 */
public record Environment(String date, int cpus, String jdk, String os, List<String> libraries) {
  private static final String SETTINGS =
      "'autovacuum', 'fsync', 'jit', 'max_connections', 'max_parallel_workers_per_gather',"
          + " 'server_encoding', 'shared_buffers', 'synchronous_commit', 'track_functions'";

  /**
   * A server.
   *
   * @param version as in 17.11
   * @param extension the version of pg_hello
   */
  public record Server(String version, String extension, Map<String, String> settings) {

    public static Server of(Connection connection) throws SQLException {
      var settings = new TreeMap<String, String>();
      String version;
      String extension;
      try (Statement statement = connection.createStatement()) {
        try (ResultSet row =
            statement.executeQuery(
                "SELECT current_setting('server_version'),"
                    + " (SELECT extversion FROM pg_extension WHERE extname = 'pg_hello')")) {
          row.next();
          version = row.getString(1);
          extension = row.getString(2);
        }
        try (ResultSet row =
            statement.executeQuery(
                "SELECT name, current_setting(name) FROM pg_settings WHERE name IN ("
                    + SETTINGS
                    + ")")) {
          while (row.next()) {
            settings.put(row.getString(1), row.getString(2));
          }
        }
      }
      return new Server(version, extension, settings);
    }

    public int major() {
      return Integer.parseInt(version.split("\\D", 2)[0]);
    }
  }

  public static Environment now() {
    return new Environment(
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("java.vm.name") + " " + Runtime.version(),
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"),
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(path -> new File(path).getName())
            .filter(name -> name.endsWith(".jar"))
            .map(name -> name.substring(0, name.length() - ".jar".length()))
            .sorted()
            .toList());
  }
}
