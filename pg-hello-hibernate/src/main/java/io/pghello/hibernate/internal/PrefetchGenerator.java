// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.ValueEvent;
import java.util.EnumSet;
import java.util.Objects;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.generator.BeforeExecutionGenerator;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/**
 * Gives Hibernate values that were looked up ahead. Not a generator of both kinds at once, for
 * which Hibernate 7.0 would switch batching off.
 */
// Hibernate declares generators to be serializable, and never makes use of that.
@SuppressWarnings("serial")
final class PrefetchGenerator implements BeforeExecutionGenerator {
  /** For an attribute that no generator fills. */
  static final PrefetchGenerator NEVER =
      new PrefetchGenerator(null, EnumSet.noneOf(EventType.class));

  private final @Nullable ServerValue value;
  private final EnumSet<EventType> events;

  private PrefetchGenerator(@Nullable ServerValue value, EnumSet<EventType> events) {
    this.value = value;
    this.events = events;
  }

  static PrefetchGenerator of(ServerValue value) {
    EnumSet<EventType> events = EnumSet.noneOf(EventType.class);
    for (ValueEvent event : value.events()) {
      events.add(event == ValueEvent.INSERT ? EventType.INSERT : EventType.UPDATE);
    }
    return new PrefetchGenerator(value, events);
  }

  @Override
  public EnumSet<EventType> getEventTypes() {
    return events;
  }

  @Override
  public @Nullable Object generate(
      SharedSessionContractImplementor session,
      Object owner,
      @Nullable Object currentValue,
      EventType eventType) {
    return ServerValues.generate(
        session,
        owner,
        Objects.requireNonNull(value),
        eventType == EventType.INSERT ? ValueEvent.INSERT : ValueEvent.UPDATE);
  }

  // Asked by Hibernate 7, which would leave the attribute out of UPDATEs; 6.6 never does.
  public boolean allowMutation() {
    return true;
  }
}
