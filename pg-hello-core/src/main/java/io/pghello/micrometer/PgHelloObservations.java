// SPDX-License-Identifier: MIT
package io.pghello.micrometer;

import io.micrometer.common.KeyValue;
import io.micrometer.observation.ObservationRegistry;
import io.pghello.extension.batching.micrometer.CallObservations;
import java.util.List;

/**
 * Creates listeners that record a Micrometer observation, and thus a trace span, for each statement
 * of a client. Pass a listener to {@link io.pghello.extension.batching.ClientBuilder#listener}.
 *
 * <p>The observation is named {@code pg.hello.statement}, and has these key values, which never
 * contain a greeted name:
 *
 * <ul>
 *   <li>{@code kind} (low cardinality): {@code single}, {@code batch} or {@code bulk};
 *   <li>{@code outcome} (low cardinality): {@code SUCCESS} or the name of a {@link
 *       io.pghello.extension.batching.FunctionCallException.Code};
 *   <li>{@code calls} (high cardinality): the number of calls or names.
 * </ul>
 *
 * <p>While the statement runs, the observation is its thread's current observation, so that
 * observations of the JDBC driver or the pool are its children. A batch belongs to the trace of the
 * thread that sends it, and is missing from the traces of the other calls.
 *
 * <p>The listeners are thread-safe.
 */
public final class PgHelloObservations {
  private PgHelloObservations() {}

  /**
   * Creates a listener.
   *
   * @param registry the registry for the observations
   */
  public static CallObservations create(ObservationRegistry registry) {
    return create(registry, List.of());
  }

  /**
   * Creates a listener.
   *
   * @param registry the registry for the observations
   * @param keyValues additional low-cardinality key values for all observations, for example to
   *     distinguish two clients
   */
  public static CallObservations create(
      ObservationRegistry registry, Iterable<KeyValue> keyValues) {
    return new CallObservations(registry, "pg.hello", keyValues);
  }
}
