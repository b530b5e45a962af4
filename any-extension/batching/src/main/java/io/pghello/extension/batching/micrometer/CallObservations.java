// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.micrometer;

import io.micrometer.common.KeyValue;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.micrometer.StatementObservations;
import java.util.List;

/**
 * Creates a Micrometer observation, and thus a trace span, for each statement of a {@link
 * io.pghello.extension.batching.BatchedFunction}. Pass it to {@link
 * io.pghello.extension.batching.ClientBuilder#listener}.
 *
 * <p>The observation is named {@code pg.extension.statement}, and has these key values, which never
 * contain an argument:
 *
 * <ul>
 *   <li>{@code kind} (low cardinality): {@code single}, {@code batch} or {@code bulk};
 *   <li>{@code outcome} (low cardinality): {@code SUCCESS} or the name of a {@link
 *       FunctionCallException.Code};
 *   <li>{@code calls} (high cardinality): the number of calls.
 * </ul>
 *
 * <p>While the statement runs, the observation is its thread's current observation, so that
 * observations of the JDBC driver or the pool are its children. A batch belongs to the trace of the
 * thread that sends it, and is missing from the traces of the other calls.
 *
 * <p>Thread-safe.
 */
public final class CallObservations implements CallListener {
  private final StatementObservations observations;

  /** Creates a listener for observations with the name {@code pg.extension.statement}. */
  public CallObservations(ObservationRegistry registry) {
    this(registry, List.of());
  }

  /**
   * Creates a listener for observations with the name {@code pg.extension.statement}.
   *
   * @param keyValues additional low-cardinality key values for all observations
   */
  public CallObservations(ObservationRegistry registry, Iterable<KeyValue> keyValues) {
    this(registry, "pg.extension", keyValues);
  }

  /**
   * Creates a listener for observations.
   *
   * @param prefix the prefix of the name of all observations, instead of {@code pg.extension}
   * @param keyValues additional low-cardinality key values for all observations
   */
  public CallObservations(
      ObservationRegistry registry, String prefix, Iterable<KeyValue> keyValues) {
    this.observations =
        new StatementObservations(registry, prefix + ".statement", prefix, keyValues);
  }

  @Override
  public void statementStarted(StatementStarted event) {
    observations.start(event.kind(), event.calls());
  }

  @Override
  public void statementEnded(StatementEnded event) {
    FunctionCallException error = event.error();
    observations.stop(error == null ? "SUCCESS" : error.code().name(), error);
  }
}
