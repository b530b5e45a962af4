// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The translation has the same meaning as in the server's PREPARE, which accepts {@code $1}. */
@PgHelloTest(create = false)
class DollarSqlIT {
  private static final String[] PIECES = {
    "$1::text",
    "$2::text",
    "$3::text",
    "'$1'",
    "'it''s ? $2'",
    "E'\\'$1 ?'",
    "E'\\\\'",
    "$$ $1 ' ? $$",
    "$a$ $$ $2 ; $a$",
    "\"$1\".\"a?b\"",
    "/* $1 ' */ 'c'",
    "/* /* ? */ $2 */ $3::text",
    "-- $1 ' \"\n 'd'",
    "($1::text || $2::text)",
    "'a' || 'b'",
    "U&'d!0061t' uescape '!'",
    "B'1'::text",
    "x$1.x$1",
    "('{\"a\": 1}'::jsonb ? 'a')::text",
    "('{\"a\": 1}'::jsonb ?| array['a', $1::text])::text",
    "1 - -1",
    "2 /2",
    "$2::text /* ; */",
    "'\"'",
    "'--'",
    "'/*'",
    "'$$'",
    "e'a\\nb'",
    "$_x$ ' $_x$",
    "(select max(v) from (values ($1::text), ($3::text)) t (v))",
    "'日本$1'",
    "é.é",
    "$1::text COLLATE \"C\""
  };
  private static final String FROM =
      " from (select 'v' as \"a?b\") \"$1\", (select 'w' as x$1) x$1, (select 'u' as é) é";

  @Test
  void matchesServerSemantics(Connection connection) throws SQLException {
    var random = new Random(18);
    String[] values = {"one ' ? $1", "two \" -- \\", "three $$ /*"};
    for (int round = 0; round < 2_000; round++) {
      var pieces = new ArrayList<String>();
      for (int i = 1 + random.nextInt(6); i > 0; i--) {
        pieces.add(PIECES[random.nextInt(PIECES.length)]);
      }
      String sql =
          "select " + String.join("\n, ", pieces) + FROM + (random.nextBoolean() ? " ;" : "");
      assertThat(ours(connection, sql, values)).as(sql).isEqualTo(theirs(connection, sql, values));
    }
  }

  /**
   * If the server groups by an expression with a parameter, two question marks differ from one $1.
   */
  @Test
  void keepsRepeatedParameterSingle(Connection connection) throws SQLException {
    String sql =
        "select (v % $1::int)::text, count(*)::text from generate_series(1, 10) v"
            + " group by v % $1::int order by 1";
    assertThat(ours(connection, sql, "3")).containsExactly("0", "3", "1", "4", "2", "3");
  }

  private static List<String> ours(Connection connection, String sql, String... values)
      throws SQLException {
    DollarSql translated = DollarSql.of(sql);
    try (PreparedStatement statement = connection.prepareStatement(translated.jdbc())) {
      for (int i = 0; i < translated.order().size(); i++) {
        statement.setObject(i + 1, values[translated.order().get(i) - 1], Types.OTHER);
      }
      try (ResultSet result = statement.executeQuery()) {
        return all(result);
      }
    }
  }

  private static List<String> theirs(Connection connection, String sql, String... values)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setEscapeProcessing(false);
      statement.execute("prepare theirs (text, text, text) as " + sql);
      try (ResultSet result =
          statement.executeQuery(
              "execute theirs ("
                  + statement.enquoteLiteral(values[0])
                  + ", "
                  + statement.enquoteLiteral(values[1])
                  + ", "
                  + statement.enquoteLiteral(values[2])
                  + ")")) {
        return all(result);
      } finally {
        statement.execute("deallocate theirs");
      }
    }
  }

  private static List<String> all(ResultSet result) throws SQLException {
    var values = new ArrayList<String>();
    while (result.next()) {
      for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
        values.add(result.getString(i));
      }
    }
    return values;
  }
}
