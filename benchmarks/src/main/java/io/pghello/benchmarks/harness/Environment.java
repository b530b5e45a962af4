// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.harness;

import java.io.File;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.io.FilenameUtils;

/** The machine and the time of a measurement, and the jars on the class path. */
public record Environment(String date, int cpus, String jdk, String os, List<String> libraries) {
  private static final String SETTINGS =
      "autovacuum fsync jit max_connections max_parallel_workers_per_gather server_encoding"
          + " shared_buffers synchronous_commit track_functions";

  /** A server with its version (e.g. 17.11) and the version of pg_hello. */
  public record Server(String version, String extension, Map<String, String> settings) {

    public static Server of(Connection connection) throws SQLException {
      var settings = new TreeMap<String, String>();
      for (String name : SETTINGS.split(" ", -1)) {
        settings.put(name, Sql.text(connection, "SHOW " + name));
      }
      return new Server(
          Sql.text(connection, "SHOW server_version"),
          Sql.text(connection, "SELECT extversion FROM pg_extension WHERE extname = 'pg_hello'"),
          settings);
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
        Stream.of("os.name", "os.version", "os.arch")
            .map(System::getProperty)
            .collect(Collectors.joining(" ")),
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(path -> path.endsWith(".jar"))
            .map(FilenameUtils::getBaseName)
            .sorted()
            .toList());
  }
}
