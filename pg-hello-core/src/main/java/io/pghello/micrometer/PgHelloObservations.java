// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.micrometer.common.KeyValue;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.PgHelloListener;
import io.pghello.extension.batching.internal.micrometer.StatementObservations;
import java.util.List;

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
  private final StatementObservations observations;

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
    this.observations =
        new StatementObservations(registry, "pg.hello.statement", "pg_hello", keyValues);
  }

  @Override
  public void statementStarting(StatementStarting event) {
    observations.start(event.kind(), event.calls());
  }

  @Override
  public void statementEnded(StatementEnded event) {
    observations.stop(Outcome.of(event.error()), event.error());
  }
}
