// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.PgHelloListener;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Makes an observation of Micrometer, and so a span of a trace, of each statement of a client.
 *
 * <p>The observation is called {@code pg.hello.statement}. It has the low-cardinality key values
 * {@code kind} ({@code single}, {@code batch} or {@code bulk}) and {@code outcome} ({@code SUCCESS}
 * or the name of a {@link io.pghello.PgHelloException.Code}), and the high-cardinality one {@code
 * calls}, the number of calls or names. A name that is greeted is in none of them. A batch belongs
 * to the trace of the call whose thread sends it; the traces of the other calls do not have it.
 *
 * <p>While the statement is made, the observation is the current one of its thread, so that
 * observations of the JDBC driver or the pool are its children.
 *
 * <p>Thread-safe.
 */
public final class PgHelloObservations implements PgHelloListener {
  private static final String NAME = "pg.hello.statement";

  private final ObservationRegistry registry;
  private final KeyValues keyValues;

  @SuppressWarnings("ThreadLocalUsage") // two listeners of a client each have their own
  private final ThreadLocal<Observation.Scope> open = new ThreadLocal<>();

  /**
   * Creates a listener that makes observations.
   *
   * @param registry what they are made in
   */
  public PgHelloObservations(ObservationRegistry registry) {
    this(registry, List.of());
  }

  /**
   * Creates a listener that makes observations.
   *
   * @param registry what they are made in
   * @param keyValues what all of them have besides their own, with low cardinality, as to tell two
   *     clients apart
   */
  public PgHelloObservations(ObservationRegistry registry, Iterable<KeyValue> keyValues) {
    this.registry = Objects.requireNonNull(registry, "registry");
    this.keyValues = KeyValues.of(keyValues);
  }

  @Override
  public void statementStarting(StatementStarting event) {
    String kind = event.kind().name().toLowerCase(Locale.ROOT);
    Observation observation =
        Observation.createNotStarted(NAME, registry)
            .contextualName("pg_hello " + kind)
            .lowCardinalityKeyValues(keyValues)
            .lowCardinalityKeyValue("kind", kind)
            .highCardinalityKeyValue("calls", Integer.toString(event.calls()));
    // the scope of one that is not wanted would hide those around it
    if (!observation.isNoop()) {
      open.set(observation.start().openScope());
    }
  }

  @Override
  public void statementEnded(StatementEnded event) {
    Observation.Scope scope = open.get();
    if (scope == null) {
      return;
    }
    open.remove();
    Observation observation = scope.getCurrentObservation();
    try (scope) {
      observation.lowCardinalityKeyValue("outcome", Outcome.of(event.error()));
      if (event.error() != null) {
        observation.error(event.error());
      }
    } finally {
      observation.stop();
    }
  }
}
