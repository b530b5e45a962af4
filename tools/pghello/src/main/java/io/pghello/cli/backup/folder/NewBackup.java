// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.folder;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Printable;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.system.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A backup that is being made: its folder, and what is noted of it. */
public final class NewBackup {
  // where the server looks for them, in its order; extension_control_path is there since PostgreSQL
  // 18
  private static final String FILES =
      """
      WITH directory (setting, system, subdirectory, default_path, pattern) AS (
        SELECT 'extension_control_path', setting, '/extension', '$system', '^pg_hello(_ops)?([.]control|--[^/]*[.]sql)$'
        FROM pg_config() WHERE name = 'SHAREDIR'
        UNION ALL
        SELECT 'dynamic_library_path', setting, '', '$libdir', '^pg_hello[.](so|dylib)$'
        FROM pg_config() WHERE name = 'PKGLIBDIR'
      ), folder (path, position, pattern) AS (
        SELECT replace(entry, default_path, system) || subdirectory, position, pattern
        FROM directory, string_to_table(coalesce(nullif(current_setting(setting, true), ''), default_path), ':')
          WITH ORDINALITY entry (entry, position)
      ), file (name, path) AS (
        SELECT DISTINCT ON (name) name, path FROM folder, pg_ls_dir(path, true, false) name
        WHERE name ~ pattern
        ORDER BY name, position
      )
      SELECT name, pg_read_binary_file(path || '/' || name) FROM file
      """;

  // checked here as well: the server, or a proxy, may answer anything
  private static final Pattern NAME =
      Pattern.compile("pg_hello(?:_ops)?(?:\\.control|--[\\w.+~-]*\\.sql)|pg_hello\\.(?:so|dylib)");

  private static final int MAX_FILES = 1000;

  private final Path folder;
  private final boolean withoutFiles;
  private final Properties about = new Properties();
  private int databases;
  private boolean hasExtension;

  /**
   * Begins with what there is to know of the server.
   *
   * @param withoutFiles whether the extension's files are left out
   */
  public NewBackup(Path folder, Target target, Connection session, boolean withoutFiles)
      throws SQLException {
    this.folder = folder;
    this.withoutFiles = withoutFiles;
    note("begun", Instant.now().toString());
    note("server", target.address());
    note("server_version_num", Query.value(session, "SHOW server_version_num"));
    note("system_identifier", Query.value(session, Backup.SYSTEM));
  }

  public Path folder() {
    return folder;
  }

  public void note(String name, @Nullable String value) {
    about.setProperty(name, value == null ? "" : value);
  }

  /** Notes a database that is in it. */
  public void add(String database, @Nullable String extensionVersion) {
    databases++;
    note("database." + databases, database);
    if (extensionVersion != null) {
      hasExtension = true;
      note("extension." + databases, extensionVersion);
    }
  }

  /** Copies the extension's files if a database has it. */
  public void copyFiles(Connection session) throws SQLException, IOException {
    if (hasExtension && !withoutFiles) {
      copyFiles(session, folder.resolve(Backup.FILES));
    }
  }

  public static void copyFiles(Connection session, Path to) throws SQLException, IOException {
    Folders.createPrivate(to);
    boolean control = false;
    boolean library = false;
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(FILES)) {
      while (rows.next()) {
        String name = String.valueOf(rows.getString(1));
        if (!NAME.matcher(name).matches() || rows.getRow() > MAX_FILES) {
          throw Failure.critical(
              "the server names a file that is not one of the extension (%s): check that it is your server, with PGSSLMODE=verify-full"
                  .formatted(Printable.line(name)));
        }
        Path file = Folders.createFile(to.resolve(name), "rw-r--r--");
        Files.write(file, rows.getBytes(2));
        control |= name.equals("pg_hello.control");
        library |= !name.endsWith(".control") && !name.endsWith(".sql");
      }
    } catch (SQLException e) {
      if ("42501".equals(e.getSQLState())) {
        throw Failure.critical(
            "this role may not read the extension's files on the server ("
                + SqlErrors.message(e)
                + "): be a superuser, or say --without-files");
      }
      throw e;
    }
    if (!control || !library) {
      throw Failure.critical(
          "the extension's "
              + (control ? "library" : "control file")
              + " is not where the server looks for it: say --without-files, and keep them otherwise");
    }
  }

  /** Writes what is noted, and the sums of all files. */
  public void seal() throws IOException {
    note("finished", Instant.now().toString());
    Backup.writeAbout(folder, about);
    Backup.seal(folder);
  }
}
