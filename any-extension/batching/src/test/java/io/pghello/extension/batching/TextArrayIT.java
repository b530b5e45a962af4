// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtensionTest
class TextArrayIT {
  private static final List<String> TEXTS =
      List.of(
          "",
          "Ada",
          "NULL",
          "a \"b\" {c,d} \\e",
          "\u0001\u007f",
          "\u0080\u00e9\u07ff",
          "\u0800\u65e5\uffff",
          "\ud83d\ude00",
          "x".repeat(70_000),
          "\u00e9".repeat(70_000));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "prepareThreshold=5",
        "prepareThreshold=-1",
        "binaryTransfer=false",
        "preferQueryMode=extendedCacheEverything",
        "preferQueryMode=simple",
        "allowEncodingChanges=true"
      })
  void equalsTheArrayOfTheDriver(String option, TestDatabase database) throws SQLException {
    String url = database.jdbcUrl();
    try (Connection connection =
            DriverManager.getConnection(url + (url.contains("?") ? '&' : '?') + option);
        PreparedStatement statement =
            connection.prepareStatement("SELECT ?::text[] = ?::text[], cardinality(?::text[])")) {
      boolean isUtf8 = !option.startsWith("allowEncodingChanges");
      if (!isUtf8) {
        try (PreparedStatement change =
            connection.prepareStatement("SET client_encoding TO LATIN1")) {
          change.execute();
        }
      }
      List<String> texts = new ArrayList<>(TEXTS);
      texts.removeIf(text -> !isUtf8 && text.chars().anyMatch(c -> c > 0xff));
      for (int count = 0; count <= texts.size(); count++) {
        List<String> some = texts.subList(0, count);
        Array array = TextArray.of(connection, some);
        statement.setArray(1, array);
        statement.setArray(2, connection.createArrayOf("text", some.toArray(String[]::new)));
        statement.setArray(3, array);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          assertThat(row.getBoolean(1)).as("%s texts", count).isTrue();
          assertThat(row.getInt(2)).isEqualTo(count);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"extended", "simple"})
  void replacesUnpairedSurrogates(String mode, TestDatabase database) throws SQLException {
    String url = database.jdbcUrl();
    try (Connection connection =
            DriverManager.getConnection(
                url + (url.contains("?") ? '&' : '?') + "preferQueryMode=" + mode);
        PreparedStatement statement = connection.prepareStatement("SELECT (?::text[])[1]")) {
      statement.setArray(1, TextArray.of(connection, List.of("a\ud800")));
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        assertThat(row.getString(1)).isEqualTo("a?");
      }
    }
  }
}
