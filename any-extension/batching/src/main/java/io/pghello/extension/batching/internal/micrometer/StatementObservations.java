// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.micrometer;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Observations of a client's statements. */
public final class StatementObservations {
  private final ObservationRegistry registry;
  private final String name;
  private final String contextualName;
  private final KeyValues keyValues;

  @SuppressWarnings("ThreadLocalUsage") // two listeners of a client each have their own
  private final ThreadLocal<Observation.Scope> open = new ThreadLocal<>();

  /**
   * Creates an instance without an observation.
   *
   * @param contextualName the beginning of the contextual name, which ends with the kind
   * @param keyValues key values of all observations, in addition to their own, of low cardinality
   */
  public StatementObservations(
      ObservationRegistry registry,
      String name,
      String contextualName,
      Iterable<KeyValue> keyValues) {
    this.registry = Objects.requireNonNull(registry, "registry");
    this.name = name;
    this.contextualName = contextualName;
    this.keyValues = KeyValues.of(keyValues);
  }

  /** Starts the observation of a statement on the current thread. */
  public void start(Enum<?> statementKind, int calls) {
    String kind = statementKind.name().toLowerCase(Locale.ROOT);
    Observation observation =
        Observation.createNotStarted(name, registry)
            .contextualName(contextualName + " " + kind)
            .lowCardinalityKeyValues(keyValues)
            .lowCardinalityKeyValue("kind", kind)
            .highCardinalityKeyValue("calls", Integer.toString(calls));
    // the scope of one that is not wanted would hide those around it
    if (!observation.isNoop()) {
      open.set(observation.start().openScope());
    }
  }

  /** Stops the observation of the current thread, if there is one. */
  public void stop(String outcome, @Nullable Exception error) {
    Observation.Scope scope = open.get();
    if (scope == null) {
      return;
    }
    open.remove();
    Observation observation = scope.getCurrentObservation();
    try (scope) {
      observation.lowCardinalityKeyValue("outcome", outcome);
      if (error != null) {
        observation.error(error);
      }
    } finally {
      observation.stop();
    }
  }
}
