// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.ValueEvent;
import java.util.EnumSet;
import java.util.Set;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.generator.BeforeExecutionGenerator;
import org.hibernate.generator.EventType;
import org.hibernate.generator.Generator;
import org.hibernate.generator.GeneratorCreationContext;
import org.hibernate.mapping.GeneratorCreator;
import org.jspecify.annotations.Nullable;

/**
 * Gives Hibernate values that were looked up ahead. Not a generator of both kinds at once, for
 * which Hibernate 7.0 would switch batching off.
 */
// Hibernate declares generators to be serializable, and never makes use of that.
@SuppressWarnings("serial")
final class PrefetchGenerator implements BeforeExecutionGenerator {
  private final Prefetcher prefetcher;
  private final String attribute;
  private final EnumSet<EventType> events;

  /** Creates the generator of an embedded object that has values in it. */
  record Creator(Prefetcher prefetcher, String attribute, Set<ValueEvent> events)
      implements GeneratorCreator {
    @Override
    public Generator createGenerator(GeneratorCreationContext context) {
      return new PrefetchGenerator(prefetcher, attribute, events);
    }
  }

  /**
   * Makes one for an attribute of an entity.
   *
   * @param prefetcher computes the values
   * @param attribute its name; if it is an embedded object, that is what has values in it
   * @param on when any of them is computed
   */
  PrefetchGenerator(Prefetcher prefetcher, String attribute, Set<ValueEvent> on) {
    this.prefetcher = prefetcher;
    this.attribute = attribute;
    this.events = EnumSet.noneOf(EventType.class);
    for (ValueEvent event : on) {
      events.add(event == ValueEvent.INSERT ? EventType.INSERT : EventType.UPDATE);
    }
  }

  @Override
  public EnumSet<EventType> getEventTypes() {
    return events;
  }

  // Asked by Hibernate 6.6, in place of the other.
  @Override
  public boolean generatedOnExecution(Object entity, SharedSessionContractImplementor session) {
    return !generatedBeforeExecution(entity, session);
  }

  // Asked by Hibernate 7.
  public boolean generatedBeforeExecution(Object entity, SharedSessionContractImplementor session) {
    prefetcher.fillUnasked(session, entity, attribute);
    return prefetcher.isAsked(session, entity, attribute);
  }

  @Override
  public @Nullable Object generate(
      SharedSessionContractImplementor session,
      Object owner,
      @Nullable Object currentValue,
      EventType eventType) {
    return prefetcher.generate(
        session,
        owner,
        attribute,
        currentValue,
        eventType == EventType.INSERT ? ValueEvent.INSERT : ValueEvent.UPDATE);
  }

  // Asked by Hibernate 7, which would leave the attribute out of UPDATEs; 6.6 never does.
  public boolean allowMutation() {
    return true;
  }
}
