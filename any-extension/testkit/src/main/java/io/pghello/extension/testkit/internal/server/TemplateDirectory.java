// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.database.ScramVerifier;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;

/** Creates data directories that contain the template database, with {@code initdb}. */
final class TemplateDirectory {
  private TemplateDirectory() {}

  /** Creates a data directory with the template database in the given folder. */
  static void create(
      PostgresCommands programs,
      int major,
      DatabaseNames names,
      Map<String, String> settings,
      Path folder)
      throws IOException {
    DataDirectory scratch = DataDirectory.create();
    var log = new ServerLog(scratch.log(), programs, major);
    var server =
        new EmbeddedServer(programs, major, new ServerSettings(programs, settings), 0, scratch);
    try {
      server.createData(data -> initialize(programs, scratch, log));
      server.start();
      try (DatabaseFactory databases =
              DatabaseFactory.embedded(server.port(), server.password(), names);
          Connection superuser = server.connect();
          Statement statement = superuser.createStatement()) {
        databases.prepare();
        statement.execute(
            "ALTER ROLE CURRENT_USER PASSWORD '" + ScramVerifier.of(server.password()) + "'");
      } catch (SQLException e) {
        throw new IllegalStateException(
            "The template database cannot be prepared: "
                + e.getMessage()
                + (crashed(e) ? " " + killAndDescribeCrash(server, log) : ""),
            e);
      }
      server.stop();
      DataDirectory.copy(scratch.data(), folder);
    } finally {
      server.close();
    }
  }

  private static String killAndDescribeCrash(EmbeddedServer server, ServerLog log)
      throws IOException {
    log.awaitCrash();
    server.kill();
    return log.crashMessage();
  }

  /** Returns whether the connection was lost, for example because a library crashed the process. */
  private static boolean crashed(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return state.startsWith("08") || state.startsWith("57P");
  }

  /** Initializes the data directory. The superuser gets a random password. */
  private static void initialize(PostgresCommands programs, DataDirectory scratch, ServerLog log)
      throws IOException {
    Path file = scratch.data().resolveSibling(DataDirectory.PASSWORD_FILE);
    ServerPasswords.write(file, ServerPasswords.random());
    int status =
        programs.run(
            scratch.log(),
            "initdb",
            "--auth=trust",
            "--username=postgres",
            "--pwfile=" + file,
            "--encoding=UTF-8",
            "--locale=C",
            "--no-sync",
            "--pgdata=" + scratch.data());
    if (status != 0) {
      throw new IOException(
          log.startFailure(0, 0, new IOException(ServerLog.ended("initdb", status))));
    }
    Files.move(file, scratch.data().resolve(DataDirectory.PASSWORD_FILE));
    ServerPasswords.writeHbaFile(scratch.data());
  }
}
