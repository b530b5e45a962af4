// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Sql;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * An extension for which the benchmark starts a server and creates test databases.
 *
 * @param query a call of one of the extension's functions
 * @param answer the expected result of the query
 * @param must the highest acceptable ratio to the start time of a container
 * @param goal the ratio to aim for
 */
record SampleExtension(
    String name, NativeExtension extension, String query, String answer, double must, double goal) {
  private static final String PACKAGES = "PG_EXTENSION_PACKAGES";

  /**
   * Returns the extensions with installed files.
   *
   * @param major the server's major version
   * @param missing a list that receives a message for each of the other extensions
   */
  static List<SampleExtension> find(int major, List<String> missing) throws IOException {
    var samples = new ArrayList<SampleExtension>();
    NativeExtension vector = vector();
    if (vector == null) {
      missing.add(
          "pgvector: not run: set %s to the folder that scripts/packages.sh %d"
                  .formatted(PACKAGES, major)
              + " postgresql-%d-pgvector libc6 prints".formatted(major));
    } else {
      samples.add(
          new SampleExtension(
              "pgvector", vector, "SELECT '[3,0]'::vector <-> '[0,4]'", "5", 0.33, 0.125));
    }
    if (!hasRecipe("postgis", major)) {
      missing.add(
          "PostGIS: not run: first run scripts/recipes.sh %d %s postgis and"
                  .formatted(major, "linux-amd64")
              + " mvn -Precipes -pl :pg-extension-postgis -am -DskipTests package");
    } else {
      samples.add(
          new SampleExtension(
              "PostGIS",
              NativeExtension.fromClassPath("postgis"),
              "SELECT ST_Distance(ST_MakePoint(3, 0), ST_MakePoint(0, 4))",
              "5",
              0.5,
              0.2));
    }
    return samples;
  }

  ExtensionServer start() {
    return ExtensionServer.builder().extension(extension).start();
  }

  void checkAnswer(TestDatabase database) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      String actual = Sql.text(connection, query);
      if (!answer.equals(actual)) {
        throw new IllegalStateException("expected " + answer + ", but got " + actual);
      }
    }
  }

  /** Returns pgvector; null if its package for this version of the server is not installed. */
  private static @Nullable NativeExtension vector() {
    String packages = System.getenv(PACKAGES);
    if (packages == null || packages.isBlank()) {
      return null;
    }
    try {
      return NativeExtension.fromPackage(Path.of(packages), "vector");
    } catch (IllegalArgumentException e) {
      // return null, because a server of another version needs other files
      return null;
    }
  }

  /** Returns whether the class path has a recipe's jar with files for a major version. */
  static boolean hasRecipe(String extension, int major) throws IOException {
    String name = "/META-INF/pg-extension/" + extension + ".properties";
    try (InputStream file = SampleExtension.class.getResourceAsStream(name)) {
      if (file == null) {
        return false;
      }
      var descriptor = new Properties();
      descriptor.load(file);
      return List.of(descriptor.getProperty("majors", "").split("\\s*,\\s*"))
          .contains(String.valueOf(major));
    }
  }
}
