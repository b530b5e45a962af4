// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.micrometer;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Creates observations of a client's statements. */
public final class StatementObservations {
  private final ObservationRegistry registry;
  private final String name;
  private final String contextualName;
  private final KeyValues keyValues;

  @SuppressWarnings("ThreadLocalUsage") // each listener needs its own observation
  private final ThreadLocal<Observation.Scope> open = new ThreadLocal<>();

  /**
   * Creates an instance without an observation.
   *
   * @param contextualName the prefix of the contextual name, to which the kind is appended
   * @param keyValues additional low-cardinality key values for all observations
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
    // the scope of a disabled observation would hide the enclosing observations
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
