// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

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
 * Prepares a session factory for the values that the server computes, and has it checked. Hibernate
 * finds it by {@code META-INF/services}.
 */
public final class PgHelloIntegrator implements Integrator {
  @Override
  public void integrate(
      Metadata metadata, BootstrapContext context, SessionFactoryImplementor factory) {
    Versions.requireSame();
    StartUpCheck.register(factory);
    String schema = Schema.prefix(context.getServiceRegistry());
    var expressions = new WriteExpressions(schema);
    var prefetcher = new Prefetcher(schema);
    Map<String, List<MappedValue>> mapped = Mappings.prepare(metadata, expressions, prefetcher);
    if (mapped.isEmpty()) {
      return;
    }
    prefetcher.map(mapped);
    PrefetcherService.set(factory, prefetcher);
    var merges = new Merges(prefetcher);
    factory.addObserver(new Completion(mapped, merges));
    var listener = new ValueListener(prefetcher, expressions, merges);
    EventListenerRegistry listeners =
        factory.getServiceRegistry().requireService(EventListenerRegistry.class);
    // before those of others, as of Bean Validation, which are to see the values
    listeners.prependListeners(EventType.PRE_INSERT, listener);
    listeners.prependListeners(EventType.PRE_UPDATE, listener);
    listeners.prependListeners(EventType.PRE_UPSERT, listener);
    listeners.prependListeners(EventType.POST_INSERT, listener);
    listeners.prependListeners(EventType.PRE_DELETE, listener);
    listeners.prependListeners(EventType.EVICT, listener);
    // after those that may change the name
    listeners.appendListeners(EventType.PRE_INSERT, listener::afterPreInsert);
    // before Hibernate's own, which looks for changes, and after it
    listeners.prependListeners(EventType.FLUSH_ENTITY, listener);
    listeners.appendListeners(EventType.FLUSH_ENTITY, listener::afterFlushEntity);
    listeners.appendListeners(EventType.REFRESH, new AfterRefresh(prefetcher.given()));
  }

  @Override
  public void disintegrate(
      SessionFactoryImplementor factory, SessionFactoryServiceRegistry serviceRegistry) {
    // all that is ours is the factory's, and goes with it
  }

  /** Notes what an entity has been loaded with anew. */
  private record AfterRefresh(GivenValues given) implements RefreshEventListener {
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
        return; // what is not loaded is not known, and is not to be read for this
      }
      Object entity = Hibernate.unproxy(event.getObject());
      EntityEntry entry = event.getSession().getPersistenceContextInternal().getEntry(entity);
      if (entry != null) {
        given.reload(entity, entry);
      }
    }
  }

  /** Does what is possible only once the factory is complete. */
  private record Completion(Map<String, List<MappedValue>> mapped, Merges merges)
      implements SessionFactoryObserver {
    @Override
    public void sessionFactoryCreated(SessionFactory factory) {
      SessionFactoryImplementor complete = factory.unwrap(SessionFactoryImplementor.class);
      MappingMetamodel entities = complete.getMappingMetamodel();
      mapped.forEach(
          (entity, values) ->
              values.forEach(value -> value.check(entities.getEntityDescriptor(entity))));
      // other integrators can have replaced Hibernate's own listener, which they would not find
      merges.surround(
          complete
              .getServiceRegistry()
              .requireService(EventListenerRegistry.class)
              .getEventListenerGroup(EventType.MERGE));
    }
  }
}
