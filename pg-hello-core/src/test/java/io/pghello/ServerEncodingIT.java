// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.testkit.PgHelloTest;
import java.nio.charset.CharsetEncoder;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares Java's charsets with the server's conversions. */
@PgHelloTest
class ServerEncodingIT {
  /**
   * All characters of the basic plane, except U+0000. These encodings contain no other characters.
   */
  private static final String ALL = "1, 55295, 57344, 65535";

  /** The same characters without ideographs and Hangul, for single-byte encodings. */
  private static final String LETTERS = "1, 13311, 57344, 65535";

  @Tag("session") // a temporary function
  @ParameterizedTest
  @MethodSource("encodings")
  void encodesTheSameCharactersAsTheServer(String encoding, DataSource dataSource)
      throws SQLException {
    CharsetEncoder encoder = Objects.requireNonNull(ServerEncoding.encoder(encoding));
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          """
          CREATE FUNCTION pg_temp.held(encoding name, a int, b int, c int, d int) RETURNS boolean[]
          LANGUAGE plpgsql AS $$
          DECLARE held boolean[];
          BEGIN
            FOR i IN 1..d LOOP
              IF i BETWEEN a AND b OR i BETWEEN c AND d THEN
                BEGIN
                  PERFORM convert_to(chr(i), encoding);
                  held[i] := true;
                EXCEPTION WHEN untranslatable_character THEN
                  held[i] := false;
                END;
              END IF;
            END LOOP;
            RETURN held;
          END $$
          """);
      String range = encoding.startsWith("EUC") ? ALL : LETTERS;
      try (ResultSet row =
          statement.executeQuery("SELECT pg_temp.held('" + encoding + "', " + range + ")")) {
        row.next();
        var held = (Boolean[]) row.getArray(1).getArray();
        for (int i = 0; i < held.length; i++) {
          if (held[i] != null) {
            char c = (char) (i + 1);
            assertThat(encoder.canEncode(c)).as("U+%04X", (int) c).isEqualTo(held[i]);
          }
        }
      }
    }
  }

  static Set<String> encodings() {
    return ServerEncoding.CHARSETS.keySet();
  }

  /** A result with a different character could not be distinguished from another call's answer. */
  @Tag("session") // a temporary function
  @ParameterizedTest
  @ValueSource(
      strings = {"EUC_JP", "EUC_TW", "EUC_JIS_2004", "EUC_KR", "EUC_CN", "MULE_INTERNAL", "LATIN1"})
  void knowsTheCharactersThatTheServerChanges(String encoding, DataSource dataSource)
      throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      try (ResultSet known =
          statement.executeQuery("SELECT pg_char_to_encoding('" + encoding + "') >= 0")) {
        known.next();
        assumeTrue(known.getBoolean(1), "this version has no such encoding");
      }
      statement.execute(
          """
          CREATE FUNCTION pg_temp.changed(encoding name, OUT changed text, OUT refused boolean)
          LANGUAGE plpgsql AS $$
          BEGIN
            changed := '';
            refused := false;
            FOR i IN 1..65535 LOOP
              IF i NOT BETWEEN 55296 AND 57343 THEN
                BEGIN
                  IF convert_from(convert_to(chr(i), encoding), encoding) <> chr(i) THEN
                    changed := changed || chr(i);
                  END IF;
                EXCEPTION
                  WHEN untranslatable_character OR undefined_function THEN
                    NULL;
                  WHEN character_not_in_repertoire THEN
                    refused := true;
                END;
              END IF;
            END LOOP;
          END $$
          """);
      try (ResultSet row =
          statement.executeQuery("SELECT * FROM pg_temp.changed('" + encoding + "')")) {
        row.next();
        String changed = row.getString(1);
        assertThat(changed.chars().mapToObj(Character::toString))
            .allMatch(each -> ServerEncoding.changes(encoding, "a" + each));
        assertThat(ServerEncoding.refusesOwnBytes(encoding)).isEqualTo(row.getBoolean(2));
        assertThat(changed).isEqualTo(encoding.equals("EUC_JP") ? "\u00a6" : "");
      }
    }
    assertThat(ServerEncoding.changes(encoding, "Zo\u00eb")).isFalse();
  }

  @Test
  void leavesAllOthersToTheServer() {
    for (String encoding : List.of("UTF8", "SQL_ASCII", "EUC_JP", "EUC_TW", "MULE_INTERNAL", "")) {
      assertThat(ServerEncoding.encoder(encoding)).isNull();
    }
    assertThat(ServerEncoding.encoder(null)).isNull();
  }
}
