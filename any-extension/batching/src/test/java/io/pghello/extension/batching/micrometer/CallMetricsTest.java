// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.FunctionCallException;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Records calls that get no connection. Needs no server. */
class CallMetricsTest {
  private static final String FUNCTION = "acme_length(text[])";

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ObservationRegistry observations = ObservationRegistry.create();
  private final List<Observation.Context> stopped = new ArrayList<>();

  @Test
  void countsAndObservesAFailedCall() {
    observations
        .observationConfig()
        .observationHandler(
            new ObservationHandler<>() {
              @Override
              public void onStop(Observation.Context context) {
                stopped.add(context);
              }

              @Override
              public boolean supportsContext(Observation.Context context) {
                return true;
              }
            });
    var metrics = new CallMetrics(registry);
    try (var length =
        BatchedFunction.builder(
                ExtensionDescription.builder("acme").function(FUNCTION, "integer[]").build(),
                "acme_length",
                new Lengths())
            .connections(
                () -> {
                  throw new SQLException("none");
                })
            .listener(metrics)
            .listener(new CallObservations(observations))
            .build()) {
      metrics.bindGauges(length);
      assertThatThrownBy(() -> length.call("Ada")).isInstanceOf(FunctionCallException.class);
      assertThat(registry.get("pg.extension.queue.depth").gauge().value()).isZero();
      assertThat(registry.get("pg.extension.statements.in.flight").gauge().value()).isZero();
    }
    assertThat(
            registry
                .get("pg.extension.calls")
                .tag("function", FUNCTION)
                .tag("outcome", "CONNECTION_UNAVAILABLE")
                .counter()
                .count())
        .isOne();
    assertThat(
            registry
                .get("pg.extension.round.trip")
                .tag("kind", "single")
                .tag("outcome", "CONNECTION_UNAVAILABLE")
                .timer()
                .count())
        .isOne();
    assertThat(stopped)
        .singleElement()
        .satisfies(
            context -> {
              assertThat(context.getName()).isEqualTo("pg.extension.statement");
              assertThat(context.getError()).isInstanceOf(FunctionCallException.class);
              assertThat(context.getLowCardinalityKeyValue("outcome").getValue())
                  .isEqualTo("CONNECTION_UNAVAILABLE");
            });
  }

  private static final class Lengths implements BatchMapper<String, Integer> {
    @Override
    public void bind(PreparedStatement statement, List<String> texts) throws SQLException {
      statement.setArray(1, statement.getConnection().createArrayOf("text", texts.toArray()));
    }

    @Override
    public List<Integer> read(Array answers) throws SQLException {
      return List.of((Integer[]) answers.getArray());
    }

    @Override
    public boolean matches(String text, Integer length) {
      return length == text.length();
    }

    @Override
    public int sizeInBytes(String text) {
      return text.length();
    }
  }
}
