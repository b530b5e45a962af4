// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.cache.Sha256;
import io.pghello.extension.testkit.internal.database.PreparationException;
import io.pghello.extension.testkit.internal.database.Remedies;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * SQL scripts that fill a template database. They run as the role that owns the database, each
 * statement in its own transaction.
 *
 * <p>Two instances are equal if the names and contents of their scripts are equal. Immutable.
 *
 * @param scripts the scripts, in execution order
 */
public record SqlScripts(List<Script> scripts) implements DatabasePreparer {
  /**
   * A script.
   *
   * @param name the name in error messages
   * @param sql the content of the script; commands of psql are not supported
   */
  public record Script(String name, String sql) {
    /** Rejects null. */
    public Script {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(sql, "sql");
    }
  }

  /** Copies the list. */
  public SqlScripts {
    scripts = List.copyOf(scripts);
  }

  /**
   * Reads scripts from the class path, with the context class loader of the current thread.
   *
   * @param resources names of UTF-8 files on the class path, in execution order
   * @throws IllegalArgumentException if a script does not exist or is not UTF-8
   */
  public static SqlScripts fromClassPath(String... resources) {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    return fromClassPath(threads == null ? SqlScripts.class.getClassLoader() : threads, resources);
  }

  /**
   * Reads scripts from the class path with a class loader; see {@link #fromClassPath(String...)}.
   *
   * @param loader the class loader that finds the scripts
   * @param resources the paths of the scripts
   * @throws IllegalArgumentException if a script does not exist or is not UTF-8
   */
  public static SqlScripts fromClassPath(ClassLoader loader, String... resources) {
    var scripts = new ArrayList<Script>();
    for (String resource : resources) {
      String name = resource.startsWith("/") ? resource.substring(1) : resource;
      try (InputStream in = loader.getResourceAsStream(name)) {
        if (in == null) {
          throw new IllegalArgumentException(
              "There is no script "
                  + name
                  + " on the class path of the tests. Put it into src/test/resources.");
        }
        scripts.add(
            new Script(
                name,
                StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(in.readAllBytes()))
                    .toString()));
      } catch (CharacterCodingException e) {
        throw new IllegalArgumentException("The script " + name + " is not UTF-8.", e);
      } catch (IOException e) {
        throw new UncheckedIOException("The script " + name + " cannot be read.", e);
      }
    }
    return new SqlScripts(scripts);
  }

  /**
   * Runs the scripts.
   *
   * @throws SQLException if no connection can be opened
   * @throws IllegalStateException if a statement fails; the message contains the script's name and
   *     the line number
   */
  @Override
  public void prepare(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      // otherwise, the driver would interpret braces in arrays and JSON as JDBC escapes
      statement.setEscapeProcessing(false);
      for (Script script : scripts) {
        run(script, statement);
      }
    }
  }

  /** Returns a hash of the names and contents of the scripts. */
  @Override
  public Optional<String> cacheKey() {
    MessageDigest digest = Sha256.digest();
    for (Script script : scripts) {
      for (String part : List.of(script.name, script.sql)) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
        digest.update(bytes);
      }
    }
    return Optional.of(HexFormat.of().formatHex(digest.digest()));
  }

  private static void run(Script script, Statement statement) throws SQLException {
    int start = 0;
    for (NativeQuery query : Parser.parseJdbcSql(script.sql, true, false, true, false, false)) {
      String sql = query.nativeSql;
      start = Math.max(start, script.sql.indexOf(sql, start));
      try {
        statement.execute(sql);
      } catch (SQLException e) {
        throw new PreparationException(
            "The script "
                + script.name
                + " failed at line "
                + line(script.sql, start, sql, e)
                + ": "
                + Remedies.message(e),
            e);
      }
      start += sql.length();
    }
  }

  /**
   * Returns the line of the error as reported by the server, or the first line of the statement if
   * the server did not report a line.
   */
  private static int line(String script, int start, String sql, SQLException e) {
    ServerErrorMessage server = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
    int position = server == null ? 0 : server.getPosition();
    int offset =
        position > 0 && position <= sql.codePointCount(0, sql.length())
            ? sql.offsetByCodePoints(0, position - 1)
            : sql.length() - sql.stripLeading().length();
    return 1 + (int) script.substring(0, start + offset).chars().filter(c -> c == '\n').count();
  }
}
