// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static io.pghello.extension.testkit.ExtensionServerIT.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** Extensions from Debian packages, with the C library that they were built for. */
@EnabledIfEnvironmentVariable(
    named = "PG_EXTENSION_PACKAGES",
    matches = ".+",
    disabledReason = "needs a directory of packages, see scripts/packages.sh")
class PackageIT {
  private static final Path PACKAGES =
      Path.of(Objects.requireNonNullElse(System.getenv("PG_EXTENSION_PACKAGES"), "packages"));

  @Test
  void findsTheNearestNeighbour() throws SQLException, IOException {
    try (Stream<Path> packages = Files.list(PACKAGES)) {
      assumeTrue(
          packages.anyMatch(each -> each.toString().contains("-pgvector_")),
          "Debian has pgvector only for PostgreSQL 17 and 18");
    }
    // region package
    NativeExtension vector = NativeExtension.fromPackage(PACKAGES, "vector");
    try (ExtensionServer server = ExtensionServer.builder().extension(vector).start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.dataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE item (id int, embedding vector(3))");
      statement.execute("INSERT INTO item VALUES (1, '[1,2,3]'), (2, '[4,5,6]')");
      statement.execute("CREATE INDEX ON item USING hnsw (embedding vector_l2_ops)");
      assertThat(ask(connection, "SELECT id FROM item ORDER BY embedding <-> '[4,4,4]' LIMIT 1"))
          .isEqualTo("2");
    }
    // endregion
  }

  /** pg_cron can be created in only one database. */
  @Test
  void runsAJob() throws SQLException {
    NativeExtension cron =
        NativeExtension.fromPackage(PACKAGES, "pg_cron")
            .preload("pg_cron")
            .setting("cron.database_name", "jobs")
            .setting("cron.use_background_workers", "on")
            .withoutCreate();
    try (ExtensionServer server =
            ExtensionServer.builder()
                .extension(cron)
                .extension(NativeExtension.fromPackage(PACKAGES, "semver"))
                .start();
        TestDatabase jobs = server.createEmptyDatabase("jobs");
        Connection connection = jobs.superuserDataSource().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE EXTENSION pg_cron");
      statement.execute("CREATE TABLE done ()");
      // pg_cron 1.4, for PostgreSQL 15, cannot schedule seconds
      ask(
          connection,
          "SELECT cron.schedule('job', CASE WHEN extversion < '1.5' THEN '* * * * *' ELSE '1 second'"
              + " END, 'INSERT INTO done DEFAULT VALUES') FROM pg_extension"
              + " WHERE extname = 'pg_cron'");
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
      while (ask(connection, "SELECT count(*) FROM done").equals("0") && System.nanoTime() < end) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
      assertThat(ask(connection, "SELECT count(*) > 0 FROM done")).isEqualTo("t");
      ask(connection, "SELECT cron.unschedule('job')");
    }
  }
}
