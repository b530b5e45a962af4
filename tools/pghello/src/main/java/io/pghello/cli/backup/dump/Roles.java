// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.connect.Query;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Restores the roles of a backup. */
public final class Roles {
  private static final String NAME = "(\"(?:[^\"]|\"\")*\"|[^ \";]+)";
  private static final Pattern CREATE =
      Pattern.compile("CREATE ROLE " + NAME + ";", Pattern.DOTALL);
  private static final Pattern OF_ROLE =
      Pattern.compile(
          "(?:ALTER|COMMENT ON|SECURITY LABEL ON) ROLE " + NAME + " .*", Pattern.DOTALL);
  private static final Pattern GRANT =
      Pattern.compile("GRANT " + NAME + " TO " + NAME + "[ ;].*", Pattern.DOTALL);

  // Matches the grantor of a GRANT, which is removed from the statement: the bootstrap superuser
  // may have another name on this server, and no other role can grant memberships in that
  // superuser's name.
  private static final Pattern GRANTOR = Pattern.compile(" GRANTED BY " + NAME + ";$");

  private Roles() {}

  /**
   * Creates the roles that are missing on the server, with their passwords, settings and
   * memberships. Existing roles are not changed.
   *
   * @param script the output of pg_dumpall
   * @return the names of the created roles
   */
  public static Set<String> createMissing(Connection connection, Path script)
      throws SQLException, IOException {
    connection.setAutoCommit(false);
    var missing = new TreeSet<String>();
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL standard_conforming_strings = on");
      Set<String> existing =
          new HashSet<>(Query.values(connection, "SELECT quote_ident(rolname) FROM pg_roles"));
      for (String sql : statements(Files.readString(script))) {
        if (concerns(sql, existing, missing)) {
          statement.execute(
              sql.startsWith("GRANT ") ? GRANTOR.matcher(sql).replaceFirst(";") : sql);
        }
      }
      connection.commit();
    } catch (SQLException e) {
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
    return missing;
  }

  private static boolean concerns(String sql, Set<String> existing, Set<String> missing) {
    Matcher create = CREATE.matcher(sql);
    if (create.matches()) {
      return !existing.contains(create.group(1)) && missing.add(create.group(1));
    }
    Matcher ofRole = OF_ROLE.matcher(sql);
    if (ofRole.matches()) {
      return missing.contains(ofRole.group(1));
    }
    Matcher grant = GRANT.matcher(sql);
    return grant.matches()
        && (missing.contains(grant.group(1)) || missing.contains(grant.group(2)));
  }

  /** Splits a script of pg_dumpall into statements, without comments and psql commands. */
  static List<String> statements(String script) {
    var statements = new ArrayList<String>();
    int begin = 0;
    char quote = 0;
    for (int i = 0; i < script.length(); i++) {
      char c = script.charAt(i);
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (i == begin
          && (Character.isWhitespace(c) || c == '\\' || script.startsWith("--", i))) {
        int end = Character.isWhitespace(c) ? i : script.indexOf('\n', i);
        i = end < 0 ? script.length() : end;
        begin = i + 1;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == ';') {
        statements.add(script.substring(begin, i + 1));
        begin = i + 1;
      }
    }
    return statements;
  }
}
