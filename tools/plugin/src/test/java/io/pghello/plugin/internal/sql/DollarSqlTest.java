// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;

class DollarSqlTest {
  /** A database with a single-byte encoding can fold letters that are not ASCII. */
  @Test
  void namesAreFoldedInBothWays() {
    assertThat(DollarSql.of("select ÉVIL(\"ÄB\")").names())
        .containsOnly("select", "Évil", "évil", "ÄB");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "select $1::int + $1, $2 | select ?::int + $1, ? | 1,2",
        "select $2::text, $1::int, $2 | select ?::text, ?::int, $1 | 2,1",
        "select '$1 ?', \"$1?\", $$ $1 ? ; $$ | select '$1 ?', \"$1?\", $$ $1 ? ; $$ | ",
        "select $a$ $$ $1 $a$, $1 | select $a$ $$ $1 $a$, ? | 1",
        "select E'\\'$2', $1 | select E'\\'$2', ? | 1",
        "select $1 ? 'a' | select ? ?? 'a' | 1",
        "select a$1 | select a$1 | ",
        "select →$1, $1 | select →$1, ? | 1",
        "select $1 -- $2 ; | select ? -- $2 ; | 1",
        "select /* $2 /* ; */ ? */ $1 | select /* $2 /* ; */ ? */ ? | 1",
        "select $1 ; | select ? | 1",
        "select $1; -- end | select ?  -- end | 1",
        "select $10, $1 | select ?, ? | 10,1",
        "select 1 /**/ /* / */, $1 | select 1 /**/ /* / */, ? | 1",
        "select \"int4\"'1', 1e5, 0x1F, $1 | select \"int4\"'1', 1e5, 0x1F, ? | 1",
        "select E'it''s $1\\n', $1 | select E'it''s $1\\n', ? | 1",
        "`select E'a' -$1\n || 'b'` | `select E'a' -?\n || 'b'` | 1",
        "`select 'a'\n'b' -- 'c` | `select 'a'\n'b' -- 'c` | "
      })
  void convertsFirstOccurrencesToQuestionMarks(String given, String expected, String order) {
    DollarSql sql = DollarSql.of(given);
    assertThat(sql.jdbc().strip()).isEqualTo(expected);
    List<String> numbers = sql.order().stream().map(String::valueOf).toList();
    assertThat(String.join(",", numbers)).isEqualTo(order == null ? "" : order);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1; drop table x",
        "select 1;;select 2",
        "select 1; $1",
        "; ; 'a'",
        "select 'open",
        "select \"open",
        "select /* open",
        "select $$ open",
        "select $a$ open $b$",
        "select (1",
        "select 1) q, (select 2",
        "select $0",
        "select $65536",
        "select $99999999999",
        "select $1a",
        "select $1$2",
        "select {fn now()}",
        "select E'a'\n'\\'') q --'",
        "select E'a''\\'') q --'",
        "select E'a'\n'b'\n'\\'') q --'",
        "select e'a' -- b\r\n\t-- c\n '\\'') q --'",
        "E'\\'') q --'",
        "select $a$b$a$$$ ' $$) q --'",
        "select $→$ ' $→$) q --'",
        "select $a→$ ' $a→$) q --'",
        "select →$$, $1",
        "select 1 as a→$b$ ' $b$) q --'",
        "select\u000bE'\\'') q --'",
        "select\u0001E'\\'') q --'",
        "select\u007fE'\\'') q --'",
        "select 1; \u0001",
        "select 'a'E'\\'') q --'",
        "select $$a$$e'\\'') q --'",
        "select 1$a$ ' $a$) q --'",
        "select 1 /*/ ' */) q --'",
        "select 1; \u2028a",
        "select }",
        "",
        "  ",
        ";",
        "select 'a\0b'",
        "select '\uD800'",
        "select '\uDC00\uD800'"
      })
  void rejectsInvalidStatements(String sql) {
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> DollarSql.of(sql))
        .extracting(PostgresException::code)
        .isEqualTo(Code.BAD_SQL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "begin",
        "COMMIT",
        " /* x */ rollback",
        "-- x\nset transaction read write",
        "(commit)",
        "copy t from stdin",
        "declare c cursor for select 1",
        "PREPARE TRANSACTION 'x'",
        "lIsTeN x"
      })
  void rejectsSessionControl(String sql) {
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> DollarSql.of(sql).requireNoSessionControl())
        .extracting(PostgresException::code)
        .isEqualTo(Code.NOT_ALLOWED);
  }

  /** The words for changes are not reserved, so they can also be names. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "with t as (select 1 for update) select 1 | true",
        "with t as (select * from a for no key update of a) table t | true",
        "with t (update) as (select 1) select update from t | true",
        "with t as (select (delete), f(insert, 1), merge from a) select 1 as update | true",
        "with update as (select 1), delete as (select 2) values (1) | true",
        "with t as (select * from json_to_record('{}') as (update text, delete int)) select 1 | true",
        "with recursive t as (select 1) search breadth first by a, set set update select 1 | true",
        "with recursive t as (select 1) cycle a, b set insert to 1 default 0 using merge table t | true",
        "with \"recursive\" as (select 1) select 1 | true",
        "with a as (with b as (select 1) select 1) (select 1) | true",
        "(with a as (select 1) select 1) | true",
        "with t as (delete from a) select 1 | false",
        "with t as not materialized (update a set b = 1) select 1 | false",
        "with t as (with b as (select 1) insert into a select 1) select 1 | false",
        "with recursive t(x) as (select 1) cycle x set c using p, d as (merge into a) table d | false",
        "with recursive t as (select 1) search depth first by update set delete delete from a | false",
        "with t as (select 1) update a set b = 1 | false",
        "with t as (select 1) merge into a | false",
        "((with t as (insert into a values (1)) select 1)) | false",
        "with t as (select 1) selec 1 | false",
        "with | false"
      })
  void recognizesQueriesAfterWith(String sql, boolean reads) {
    assertThat(DollarSql.of(sql).reads()).isEqualTo(reads);
  }

  /** Another query reads the rows of the main statement. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "insert into a values ($1) returning b | insert into a values (?) returning b",
        "/* x */ delete from a returning * -- y | delete from a returning * -- y",
        "with d as (delete from a) select $1 | select ?",
        "with d as (delete from a returning b) (table d) union table d | (table d) union table d",
        "with d as (delete from a where b = $1 ? 'x'), e as (select 1) table e | table e",
        "with t as (select 1) update a set b = 1 returning * | update a set b = 1 returning *",
        "((with d as (delete from a) select (1) ) ) ; | select (1)",
        "insert into a values (1) |",
        "insert into a select 1 as returning |",
        "insert into a select b.returning from b |",
        "insert into a select json_object('a' : 1 returning jsonb) |",
        "with t as (select 1) delete from a where b = (select json_value('1', '$' returning int)) |",
        "with d as (delete from a) select 1 into b |",
        "(with d as (delete from a) select 1) limit 1 |",
        "((with d as (delete from a) select 1) union select 2) |",
        "select 1 |",
        "with t as (select 1) select 1 |",
        "call f() |"
      })
  void findsMainStatementThatChangesAndReturns(String text, String main) {
    DollarSql sql = DollarSql.of(text);
    Place place = sql.main();
    assertThat(place == null ? null : sql.jdbc().substring(place.jdbc()).strip()).isEqualTo(main);
    assertThat(sql.changesAndReturns()).isEqualTo(main != null);
    if (place != null && main != null) {
      String word = main.split("[ (]", 2)[0];
      assertThat(text.substring(place.text())).startsWith(word.isEmpty() ? "(" : word);
      long open = sql.jdbc().substring(0, place.jdbc()).chars().filter(c -> c == '(').count();
      long closed = sql.jdbc().substring(0, place.jdbc()).chars().filter(c -> c == ')').count();
      assertThat(open).isEqualTo(closed);
    }
  }

  @Test
  void recognizesQueries() {
    assertThat(DollarSql.of("select 'insert'").reads()).isTrue();
    assertThat(DollarSql.of("(values (1))").reads()).isTrue();
    assertThat(DollarSql.of("with d as (delete from t returning *) select 1").reads()).isFalse();
    assertThat(DollarSql.of("with d as (select \"delete\" from t) table d").reads()).isTrue();
    assertThat(DollarSql.of("insert into t values (1)").reads()).isFalse();
    assertThat(DollarSql.of("insert into t values (1) returning a").changesAndReturns()).isTrue();
    assertThat(DollarSql.of("insert into t values ('returning')").changesAndReturns()).isFalse();
    assertThat(DollarSql.of("select set_config('a', 'b', false)").mayChangeSession()).isTrue();
    assertThat(DollarSql.of("select pg_try_advisory_lock_shared(1)").mayChangeSession()).isTrue();
    assertThat(DollarSql.of("do $$ begin end $$").mayChangeSession()).isTrue();
    assertThat(DollarSql.of("select dblink_connect('a', 'b')").mayChangeSession()).isTrue();
    assertThat(DollarSql.of("select 1").mayChangeSession()).isFalse();
  }

  @Test
  void requiresValueForEachParameter() {
    DollarSql.of("select $1, $2").requireParameters(2);
    for (int given : new int[] {0, 1, 3}) {
      assertThatExceptionOfType(PostgresException.class)
          .isThrownBy(() -> DollarSql.of("select $1, $2").requireParameters(given))
          .withMessage("The statement has 2 parameters, but %d values were passed.", given);
    }
    assertThatExceptionOfType(PostgresException.class)
        .isThrownBy(() -> DollarSql.of("select $1, $3").requireParameters(3))
        .withMessage("The statement does not use $2.");
  }

  @Test
  void supportsServersMaximumOfParameters() {
    int most = 65_535;
    var text = new StringBuilder("select 1 in (");
    for (int number = most; number > 0; number--) {
      text.append('$').append(number).append(", ");
    }
    for (int number = most; number > 0; number--) {
      text.append(number == most ? "$" : ", $").append(number);
    }
    DollarSql sql = DollarSql.of(text.append(')').toString());
    sql.requireParameters(most);
    assertThat(sql.order()).hasSize(most).startsWith(most, most - 1).endsWith(2, 1);
    assertThat(sql.jdbc()).contains("(?, ?, ").endsWith(", $" + (most - 1) + ", $" + most + ")");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "select 1 | false",
        "select set_config | true",
        "select \"set_config\"('a', 'b', false) | true",
        "select \"pg_advisory_lock\"(1) | true",
        "select U&\"pg\\005fadvisory_lock\"(1) | true",
        "select U&\"pg!005fadvisory_lock\" uescape '!' (1) | true",
        "with a as (select 1 as merge) select 5 as id into temp users from a | true",
        "with a as (select 1 as merge) select 5 as id into \"pg_temp\".users from a | true",
        "with a as (select 1) insert into users select * from a | false",
        "insert into \"temp\" values (1) | false",
        "select \"returning\" from \"insert\" | false"
      })
  void recognizesSessionChanges(String text, boolean changes) {
    assertThat(DollarSql.of(text).mayChangeSession()).isEqualTo(changes);
  }

  // Cases in which the driver and the server could parse differently.
  private static final String[] PIECES = {
    "'", "''", "\\", "\\'", "E'", "e'", "E", "\"", "$", "$$", "$a$", "$1", "/", "*", "/*", "*/",
    "--", "\n", "\r", "\t", "\f", "\u000b", "\u0001", " ", " ", ";", "(", ")", "a", "1", "1e",
    "U&'", "N'", "U&\"", "→", "\u00a0", "\u2028", "?", "_", "@", "-", ",", ".", "[", ":", "&", "{",
    "date'"
  };
  // Same as in the server's lexer.
  private static final String LINE = "(?:[ \t\f\u000b]|--[^\n\r]*)*[\n\r](?:\\s|--[^\n\r]*[\n\r])*";
  private static final Pattern TOKEN =
      Pattern.compile(
          "--[^\n\r]*"
              + "|[eE]'(?:[^'\\\\]|\\\\.|'(?:LINE)?')*+'".replace("LINE", LINE)
              + "|(?:[bBxXnN]|[uU]&)?'(?:[^']|'(?:LINE)?')*+'".replace("LINE", LINE)
              + "|(?:[uU]&)?\"(?:[^\"]|\"\")*+\""
              + "|[$]((?:[a-zA-Z_\\x{80}-\\x{ffff}][\\w\\x{80}-\\x{ffff}]*)?)[$].*?[$]\\1[$]"
              + "|[a-zA-Z_\\x{80}-\\x{ffff}][\\w$\\x{80}-\\x{ffff}]*"
              + "|[$]?[0-9]\\w*|[^'\"$]",
          Pattern.DOTALL);
  private static final Pattern COMMENT = Pattern.compile("/[*]|[*]/");

  @Tag("slow")
  @Test
  void recognizesSingleStatementsLikeTheServer() throws SQLException {
    var random = new Random(18);
    int accepted = 0;
    for (int round = 0; round < 100_000; round++) {
      var sql = new StringBuilder("select ");
      for (int i = random.nextInt(14); i >= 0; i--) {
        sql.append(PIECES[random.nextInt(PIECES.length)]);
      }
      DollarSql translated;
      try {
        translated = DollarSql.of(sql.toString());
      } catch (PostgresException e) {
        continue;
      }
      accepted++;
      assertThat(isOneStatement(sql.toString())).as("%s", sql).isTrue();
      List<NativeQuery> sent =
          Parser.parseJdbcSql(translated.jdbc(), true, true, true, false, true);
      assertThat(sent).as("%s", sql).hasSize(1);
      assertThat(sent.get(0).bindPositions).as("%s", sql).hasSameSizeAs(translated.order());
    }
    assertThat(accepted).isGreaterThan(10_000);
  }

  private static boolean isOneStatement(String sql) {
    Matcher token = TOKEN.matcher(sql);
    int depth = 0;
    boolean ended = false;
    for (int at = 0; at < sql.length(); ) {
      if (sql.startsWith("/*", at)) {
        at = endOfComment(sql, at);
        continue;
      }
      if (at < 0 || !token.region(at, sql.length()).lookingAt()) {
        return false;
      }
      String text = token.group();
      depth += text.equals("(") ? 1 : text.equals(")") ? -1 : 0;
      if (depth < 0 || (ended && !text.isBlank() && !text.startsWith("--") && !text.equals(";"))) {
        return false;
      }
      ended |= text.equals(";");
      at = token.end();
    }
    return depth == 0;
  }

  /** Finds the end of a comment. Comments can be nested. */
  private static int endOfComment(String sql, int start) {
    Matcher mark = COMMENT.matcher(sql);
    int depth = 0;
    int at = start;
    while (mark.find(at)) {
      depth += mark.group().equals("/*") ? 1 : -1;
      at = mark.end();
      if (depth == 0) {
        return at;
      }
    }
    return -1;
  }
}
