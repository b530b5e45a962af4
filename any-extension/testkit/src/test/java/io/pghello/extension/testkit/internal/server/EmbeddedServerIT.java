// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.database.ServerAddress;
import io.pghello.extension.testkit.internal.distribution.ServerLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class EmbeddedServerIT {
  private static EmbeddedServer start() throws IOException {
    return ServerSetup.start(
        0,
        Map.of(),
        new DatabaseNames("app", "embedded-server-it", List.of()),
        List.of(),
        ServerLocation.EMBEDDED,
        null);
  }

  private static Connection connect(EmbeddedServer server) throws SQLException {
    PGSimpleDataSource dataSource =
        ServerAddress.source(
            "127.0.0.1", server.port(), "postgres", new Login("postgres", server.password()));
    return dataSource.getConnection();
  }

  private static String ask(Statement statement, String query) throws SQLException {
    try (ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    }
  }

  /** On Windows, servers get their settings from a file. */
  @Test
  void readsSettingsFromAFile() throws IOException, SQLException {
    EmbeddedServer server = start();
    var settings =
        new TreeMap<>(
            Map.of(
                "acme.quoted", "it's \"one\" \\n \\ and é",
                "acme.lines", "one\ntwo",
                "acme.empty", "",
                "work_mem", "1234kB"));
    try (Connection connection = connect(server);
        Statement statement = connection.createStatement()) {
      Path data = Path.of(ask(statement, "SHOW data_directory"));
      Path main = data.resolve("postgresql.conf");
      // the file may contain settings of another server, and may end without a line break
      Files.writeString(main, Files.readString(main) + "work_mem = 2MB # the last word");
      SettingsFile.write(data, settings);
      String written = Files.readString(main);
      SettingsFile.write(data, settings);
      assertThat(main).hasContent(written);
      ask(statement, "SELECT pg_reload_conf()");
      try (Connection fresh = connect(server);
          Statement query = fresh.createStatement()) {
        for (Map.Entry<String, String> setting : settings.entrySet()) {
          assertThat(ask(query, "SHOW " + setting.getKey())).isEqualTo(setting.getValue());
        }
      }
    } finally {
      server.close();
    }
  }

  /** macOS allows only a few shared memory segments. */
  @Test
  void removesSharedMemoryOfAKilledServer() throws IOException, SQLException {
    EmbeddedServer server = start();
    try {
      String segment;
      try (Connection connection = connect(server);
          Statement statement = connection.createStatement()) {
        Path data = Path.of(ask(statement, "SHOW data_directory"));
        String line = Files.readAllLines(data.resolve("postmaster.pid")).get(6);
        segment = line.strip().split("\\s+", -1)[1];
      }
      assertThat(segments()).contains(segment);
      server.kill();
      assertThat(segments()).contains(segment);
      server.close();
      assertThat(segments()).doesNotContain(segment);
    } finally {
      server.close();
    }
  }

  private static List<String> segments() throws IOException {
    return Files.readAllLines(Path.of("/proc/sysvipc/shm")).stream()
        .map(line -> line.strip().split("\\s+", -1)[1])
        .toList();
  }
}
