// SPDX-License-Identifier: MIT
package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.WireProxy;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@ExtensionTest(extensions = "pg_trgm")
class SimilarityClientIT {
  @Test
  void concurrentCallsShareStatements(DataSource dataSource, WireProxy proxy) throws Exception {
    try (var pool = pool(dataSource);
        var client = new SimilarityClient(pool::getConnection)) {
      assertEquals(0.5714286f, client.similarity("word", "words"));
      long roundTrips =
          proxy.countRoundTrips(
              () ->
                  IntStream.range(0, 1_000)
                      .mapToObj(i -> client.similarityAsync("word", "word" + i))
                      .toList()
                      .forEach(CompletableFuture::join));
      assertTrue(roundTrips < 100, roundTrips + " round trips");
    }
  }

  static HikariDataSource pool(DataSource dataSource) {
    var config = new HikariConfig();
    config.setDataSource(dataSource);
    config.setMaximumPoolSize(2);
    return new HikariDataSource(config);
  }
}
