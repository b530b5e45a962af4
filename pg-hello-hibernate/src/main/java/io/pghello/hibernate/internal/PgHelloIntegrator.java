// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.PgHelloOperations;
import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.hibernate.internal.attribute.MappedValue;
import io.pghello.hibernate.internal.events.MergeTracker;
import io.pghello.hibernate.internal.events.ValueListener;
import io.pghello.hibernate.internal.mapping.Mappings;
import io.pghello.hibernate.internal.mapping.WriteExpressions;
import io.pghello.hibernate.internal.prefetch.Prefetcher;
import io.pghello.hibernate.internal.prefetch.PrefetcherService;
import io.pghello.hibernate.internal.tracking.FilledValueTracker;
import java.util.List;
import java.util.Map;
import org.hibernate.Hibernate;
import org.hibernate.SessionFactory;
import org.hibernate.SessionFactoryObserver;
import org.hibernate.boot.Metadata;
import org.hibernate.boot.spi.BootstrapContext;
import org.hibernate.engine.spi.EntityEntry;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.RefreshContext;
import org.hibernate.event.spi.RefreshEvent;
import org.hibernate.event.spi.RefreshEventListener;
import org.hibernate.integrator.spi.Integrator;
import org.hibernate.metamodel.MappingMetamodel;
import org.hibernate.service.spi.SessionFactoryServiceRegistry;

/**
 * Prepares a session factory for server values and registers the startup check. Hibernate finds
 * this class through {@code META-INF/services}.
 */
public final class PgHelloIntegrator implements Integrator {
  @Override
  public void integrate(
      Metadata metadata, BootstrapContext context, SessionFactoryImplementor factory) {
    ArtifactVersions.requireSame(
        PgHelloIntegrator.class, PgHelloOperations.class, BatchMapper.class);
    StartUpCheck.register(factory);
    String schema = Schema.prefix(context.getServiceRegistry());
    var expressions = new WriteExpressions(schema);
    var prefetcher = new Prefetcher(schema);
    Map<String, List<MappedValue>> mapped =
        Mappings.prepare(
            metadata,
            expressions,
            prefetcher,
            () -> StartUpCheck.isDistributed(factory),
            StartUpCheck.isReactive(factory));
    if (mapped.isEmpty()) {
      return;
    }
    prefetcher.map(mapped);
    PrefetcherService.set(factory, prefetcher);
    var mergeTracker = new MergeTracker(prefetcher);
    factory.addObserver(new Completion(mapped, mergeTracker));
    var listener = new ValueListener(prefetcher, expressions, mergeTracker);
    EventListenerRegistry listeners =
        factory.getServiceRegistry().requireService(EventListenerRegistry.class);
    // runs before other listeners, such as Bean Validation, so that they see the values
    listeners.prependListeners(EventType.PRE_INSERT, listener);
    listeners.prependListeners(EventType.PRE_UPDATE, listener);
    listeners.prependListeners(EventType.PRE_UPSERT, listener);
    listeners.prependListeners(EventType.POST_INSERT, listener);
    listeners.prependListeners(EventType.PRE_DELETE, listener);
    listeners.prependListeners(EventType.EVICT, listener);
    // runs after listeners that may change the name
    listeners.appendListeners(EventType.PRE_INSERT, listener::afterPreInsert);
    // runs before and after Hibernate's own listener, which detects changes
    listeners.prependListeners(EventType.FLUSH_ENTITY, listener);
    listeners.appendListeners(EventType.FLUSH_ENTITY, listener::afterFlushEntity);
    listeners.appendListeners(EventType.REFRESH, new AfterRefresh(prefetcher.filledValues()));
  }

  @Override
  public void disintegrate(
      SessionFactoryImplementor factory, SessionFactoryServiceRegistry serviceRegistry) {
    // all state belongs to the factory
  }

  /** Updates the loaded values after a refresh. */
  private record AfterRefresh(FilledValueTracker filledValues) implements RefreshEventListener {
    @Override
    public void onRefresh(RefreshEvent event) {
      reload(event);
    }

    @Override
    public void onRefresh(RefreshEvent event, RefreshContext refreshedAlready) {
      reload(event);
    }

    private void reload(RefreshEvent event) {
      if (!Hibernate.isInitialized(event.getObject())) {
        return; // do not load the entity just for this purpose
      }
      Object entity = Hibernate.unproxy(event.getObject());
      EntityEntry entry = event.getSession().getPersistenceContextInternal().getEntry(entity);
      if (entry != null) {
        filledValues.reload(entity, entry);
      }
    }
  }

  /** Tasks that need the complete factory. */
  private record Completion(Map<String, List<MappedValue>> mapped, MergeTracker mergeTracker)
      implements SessionFactoryObserver {
    @Override
    public void sessionFactoryCreated(SessionFactory factory) {
      SessionFactoryImplementor complete = factory.unwrap(SessionFactoryImplementor.class);
      MappingMetamodel entities = complete.getMappingMetamodel();
      mapped.forEach(
          (entity, values) ->
              values.forEach(value -> value.check(entities.getEntityDescriptor(entity))));
      // deferred until now, because other integrators may replace Hibernate's own listener first
      mergeTracker.surround(
          complete
              .getServiceRegistry()
              .requireService(EventListenerRegistry.class)
              .getEventListenerGroup(EventType.MERGE));
    }
  }
}
