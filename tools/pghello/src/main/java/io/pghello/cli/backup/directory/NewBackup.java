// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import io.pghello.cli.connect.Query;
import io.pghello.cli.connect.Target;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.SqlErrors;
import io.pghello.cli.output.TerminalText;
import io.pghello.cli.system.Directories;
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

/** A backup in progress, with its directory and metadata. */
public final class NewBackup {
  // The directories that the server searches for extensions, in search order. The setting
  // extension_control_path was added in PostgreSQL 18.
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

  // Check the names on the client too, because a hostile server or proxy can return any names.
  private static final Pattern NAME =
      Pattern.compile("pg_hello(?:_ops)?(?:\\.control|--[\\w.+~-]*\\.sql)|pg_hello\\.(?:so|dylib)");

  private static final int MAX_FILES = 1000;

  private final Path folder;
  private final boolean withoutFiles;
  private final Properties about = new Properties();
  private int databases;
  private boolean hasExtension;

  /**
   * Starts a backup, and records the server's metadata.
   *
   * @param withoutFiles whether to leave out the extension's files
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

  public Path directory() {
    return folder;
  }

  public void note(String name, @Nullable String value) {
    about.setProperty(name, value == null ? "" : value);
  }

  /** Records a database of this backup. */
  public void add(String database, @Nullable String extensionVersion) {
    databases++;
    note("database." + databases, database);
    if (extensionVersion != null) {
      hasExtension = true;
      note("extension." + databases, extensionVersion);
    }
  }

  /** Copies the extension's files if any database uses the extension. */
  public void copyFiles(Connection session) throws SQLException, IOException {
    if (hasExtension && !withoutFiles) {
      copyFiles(session, folder.resolve(Backup.FILES));
    }
  }

  public static void copyFiles(Connection session, Path to) throws SQLException, IOException {
    Directories.createPrivate(to);
    boolean control = false;
    boolean library = false;
    try (Statement statement = session.createStatement();
        ResultSet rows = statement.executeQuery(FILES)) {
      while (rows.next()) {
        String name = String.valueOf(rows.getString(1));
        if (!NAME.matcher(name).matches() || rows.getRow() > MAX_FILES) {
          throw Failure.critical(
              "the server returned a file name that does not belong to the extension (%s): set PGSSLMODE=verify-full to check that this is your server"
                  .formatted(TerminalText.line(name)));
        }
        Path file = Directories.createFile(to.resolve(name), "rw-r--r--");
        Files.write(file, rows.getBytes(2));
        control |= name.equals("pg_hello.control");
        library |= !name.endsWith(".control") && !name.endsWith(".sql");
      }
    } catch (SQLException e) {
      if ("42501".equals(e.getSQLState())) {
        throw Failure.critical(
            "this role may not read the extension's files on the server ("
                + SqlErrors.message(e)
                + "): connect as a superuser, or use --without-files");
      }
      throw e;
    }
    if (!control || !library) {
      throw Failure.critical(
          "the extension's "
              + (control ? "library" : "control file")
              + " is not in the server's search path: use --without-files, and "
              + "back up the files separately");
    }
  }

  /** Writes the metadata, and the checksums of all files. */
  public void seal() throws IOException {
    note("finished", Instant.now().toString());
    Backup.writeAbout(folder, about);
    Backup.seal(folder);
  }
}
