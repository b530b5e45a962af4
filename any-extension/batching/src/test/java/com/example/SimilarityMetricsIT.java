// SPDX-License-Identifier: MIT
package com.example;

import static com.example.SimilarityClient.PG_TRGM;
import static com.example.SimilarityClient.SIMILARITY;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.example.SimilarityClient.Pair;
import com.example.SimilarityClient.Similarities;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.micrometer.CallMetrics;
import io.pghello.extension.testkit.ExtensionTest;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The meters of a function without an array variant, which is called in batches. */
@ExtensionTest(extensions = "pg_trgm")
class SimilarityMetricsIT {
  @Test
  void countsCalls(DataSource dataSource) {
    var registry = new SimpleMeterRegistry();
    try (var pool = SimilarityClientIT.pool(dataSource)) {
      // region metrics
      var metrics = new CallMetrics(registry); // of Micrometer
      var similarity =
          BatchedFunction.builder(PG_TRGM, SIMILARITY, new Similarities())
              .dataSource(pool)
              .listener(metrics)
              .build();
      metrics.bindGauges(similarity);
      // endregion
      try (similarity) {
        assertEquals(
            List.of(1f, 0f),
            similarity.callAll(List.of(new Pair("same", "same"), new Pair("a", "z"))));
        assertEquals(
            1, registry.get("pg.extension.calls").tag("outcome", "SUCCESS").counter().count());
        assertEquals(0, registry.get("pg.extension.queue.depth").gauge().value());
      }
    }
  }
}
