// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

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
 * Passes prefetched values to Hibernate. Generates values only before a statement is executed,
 * because Hibernate 7.0 disables batching for generators that can also generate values during
 * execution.
 */
// Hibernate declares generators as serializable but never serializes them.
@SuppressWarnings("serial")
final class PrefetchGenerator implements BeforeExecutionGenerator {
  private final Prefetcher prefetcher;
  private final String attribute;
  private final EnumSet<EventType> events;

  /** Creates the generator of an embedded object that contains annotated attributes. */
  record Creator(Prefetcher prefetcher, String attribute, Set<EventType> events)
      implements GeneratorCreator {
    @Override
    public Generator createGenerator(GeneratorCreationContext context) {
      return new PrefetchGenerator(prefetcher, attribute, events);
    }
  }

  /**
   * Creates a generator for an attribute of an entity.
   *
   * @param prefetcher the prefetcher that computes the values
   * @param attribute the attribute's name; the attribute may be an embedded object that contains
   *     annotated attributes
   * @param on the events at which any of the values is computed
   */
  PrefetchGenerator(Prefetcher prefetcher, String attribute, Set<EventType> on) {
    this.prefetcher = prefetcher;
    this.attribute = attribute;
    this.events = EnumSet.noneOf(EventType.class);
    events.addAll(on);
  }

  @Override
  public EnumSet<EventType> getEventTypes() {
    return events;
  }

  // Called only by Hibernate 6.6.
  @Override
  public boolean generatedOnExecution(Object entity, SharedSessionContractImplementor session) {
    return !generatedBeforeExecution(entity, session);
  }

  // Called only by Hibernate 7.
  public boolean generatedBeforeExecution(Object entity, SharedSessionContractImplementor session) {
    prefetcher.fillWithoutGenerator(session, entity, attribute);
    return prefetcher.isGeneratedByHibernate(session, entity, attribute);
  }

  @Override
  public @Nullable Object generate(
      SharedSessionContractImplementor session,
      Object owner,
      @Nullable Object currentValue,
      EventType eventType) {
    return prefetcher.generate(session, owner, attribute, currentValue, eventType);
  }

  // Called by Hibernate 7, which would otherwise omit the attribute from UPDATEs. Hibernate 6.6
  // never omits the attribute.
  public boolean allowMutation() {
    return true;
  }
}
