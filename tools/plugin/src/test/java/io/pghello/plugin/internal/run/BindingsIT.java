// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.sql.DollarSql;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.postgresql.core.BaseConnection;

@PgHelloTest(create = false)
class BindingsIT {
  @Test
  void cachesTypesOfShortTextsOnly(Connection connection) throws SQLException {
    String text = "select cardinality($1::int[])";
    Map<String, List<String>> cache = new HashMap<>();
    for (String written : List.of(text, text + " -- " + "x".repeat(100_000))) {
      DollarSql sql = DollarSql.of(written);
      String statement = sql.jdbc();
      try (PreparedStatement prepared = connection.prepareStatement(statement)) {
        JsonNode values = Json.of(List.of(1, 2));
        BaseConnection driver = connection.unwrap(BaseConnection.class);
        Bindings.bind(prepared, Bindings.values(driver, statement, sql, List.of(values), cache));
        try (ResultSet result = prepared.executeQuery()) {
          assertThat(result.next()).isTrue();
          assertThat(result.getInt(1)).isEqualTo(2);
        }
      }
    }
    assertThat(cache).containsOnlyKeys(DollarSql.of(text).jdbc());
  }
}
