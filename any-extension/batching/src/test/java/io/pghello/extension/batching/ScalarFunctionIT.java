// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.WireProxy;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** Calls a function without an array variant in batches. */
@ExtensionTest(extensions = "pg_trgm")
class ScalarFunctionIT {
  // region function
  /** Calls {@code similarity} for each pair of elements. */
  record Similarity(ExtensionFunction description) implements ServerFunction {
    @Override
    public String expressionIn(String schema) {
      return """
          ARRAY(SELECT %s.similarity(a, b)
            FROM ROWS FROM (pg_catalog.unnest(?::text[]), pg_catalog.unnest(?::text[]))
              WITH ORDINALITY AS pair (a, b, i)
            ORDER BY i)"""
          .formatted(schema);
    }
  }

  static final ServerFunction SIMILARITY =
      new Similarity(ExtensionFunction.of("similarity(text, text)", "real"));
  static final ExtensionDescription PG_TRGM =
      ExtensionDescription.builder("pg_trgm").function(SIMILARITY.description()).build();

  record Pair(String left, String right) {}

  static class Similarities implements BatchMapper<Pair, Float> {
    @Override
    public void bind(PreparedStatement statement, List<Pair> requests) throws SQLException {
      var connection = statement.getConnection();
      statement.setArray(1, TextArray.of(connection, requests.stream().map(Pair::left).toList()));
      statement.setArray(2, TextArray.of(connection, requests.stream().map(Pair::right).toList()));
    }

    @Override
    public List<Float> read(Array answers) throws SQLException {
      return Arrays.asList((Float[]) answers.getArray());
    }

    @Override
    public boolean matches(Pair request, Float answer) {
      return answer >= 0 && answer <= 1;
    }

    @Override
    public int sizeInBytes(Pair request) {
      return request.left().length() + request.right().length();
    }
  }

  // endregion

  @Test
  void callsAnExistingFunctionInBatches(DataSource dataSource, WireProxy proxy) throws Exception {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(1);
    try (var pool = new HikariDataSource(config)) {
      // region call
      try (var similarity =
          BatchedFunction.builder(PG_TRGM, SIMILARITY, new Similarities())
              .dataSource(pool)
              .build()) {
        assertThat(similarity.call(new Pair("word", "words"))).isEqualTo(0.5714286f);
      }
      // endregion
      try (var similarity =
          BatchedFunction.builder(PG_TRGM, SIMILARITY, new Similarities())
              .dataSource(pool)
              .build()) {
        similarity.call(new Pair("first", "first"));
        var pairs = List.of(new Pair("a", "a"), new Pair("a", "z"), new Pair("word", "words"));
        proxy.assertRoundTrips(
            1, () -> assertThat(similarity.callAll(pairs)).containsExactly(1f, 0f, 0.5714286f));
      }
    }
  }
}
