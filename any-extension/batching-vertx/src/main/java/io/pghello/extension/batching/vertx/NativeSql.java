// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.vertx;

import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.postgresql.core.Parser;

/** Replaces the parameters of statements, {@code ?}, with {@code $1}, {@code $2} and so on. */
final class NativeSql {
  /** More statements are parsed each time. A client has one statement per function and schema. */
  private static final int MAX_STATEMENTS = 1_000;

  private static final Map<String, String> PARSED = new ConcurrentHashMap<>();

  private NativeSql() {}

  /** Returns the statement with numbered parameters. */
  static String of(String sql) throws SQLException {
    String known = PARSED.get(sql);
    if (known != null) {
      return known;
    }
    String parsed = Parser.parseJdbcSql(sql, true, true, false, false, false).get(0).nativeSql;
    if (PARSED.size() < MAX_STATEMENTS) {
      PARSED.put(sql, parsed);
    }
    return parsed;
  }
}
