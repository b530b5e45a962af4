// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.*;
import io.pghello.extension.batching.*;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Thread-safe: create one for the application. */
public final class SimilarityClient implements AutoCloseable {
  static final ServerFunction SIMILARITY =
      new Similarity(ExtensionFunction.of("similarity(text, text)", "real"));
  static final ExtensionDescription PG_TRGM =
      ExtensionDescription.builder("pg_trgm").function(SIMILARITY.description()).build();

  private final BatchedFunction<Pair, Float> similarity;

  public SimilarityClient(ConnectionSource connections) {
    similarity =
        BatchedFunction.builder(PG_TRGM, SIMILARITY, new Similarities())
            .connections(connections)
            .build();
  }

  public float similarity(String left, String right) {
    return similarity.call(new Pair(left, right));
  }

  public CompletableFuture<Float> similarityAsync(String left, String right) {
    return similarity.callAsync(new Pair(left, right));
  }

  @Override
  public void close() {
    similarity.close();
  }

  record Pair(String left, String right) {}

  /** Calls the function for each pair of elements. */
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

  static class Similarities implements BatchMapper<Pair, Float> {
    @Override
    public void bind(PreparedStatement statement, List<Pair> pairs) throws SQLException {
      var connection = statement.getConnection();
      statement.setArray(1, TextArray.of(connection, pairs.stream().map(Pair::left).toList()));
      statement.setArray(2, TextArray.of(connection, pairs.stream().map(Pair::right).toList()));
    }

    @Override
    public List<Float> read(Array answers) throws SQLException {
      return List.of((Float[]) answers.getArray());
    }

    @Override
    public boolean matches(Pair pair, Float answer) {
      return answer >= 0 && answer <= 1;
    }

    @Override
    public int sizeInBytes(Pair pair) {
      return pair.left().length() + pair.right().length();
    }
  }
}
