// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.util.List;
import java.util.Map;
import org.hibernate.SessionFactory;
import org.hibernate.SessionFactoryObserver;
import org.hibernate.boot.Metadata;
import org.hibernate.boot.spi.BootstrapContext;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.EventType;
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
    StartUpCheck.register(factory);
    String schema = Schema.prefix(context.getServiceRegistry());
    var expressions = new WriteExpressions(schema);
    Map<String, List<MappedValue>> mapped = Mappings.find(metadata, expressions);
    if (mapped.isEmpty()) {
      return;
    }
    factory.addObserver(new Check(mapped));
    var values = new Prefetcher(mapped, schema);
    values.serve(factory);
    var merges = new Merges(values);
    var listener = new ValueListener(values, expressions, merges);
    EventListenerRegistry listeners =
        factory.getServiceRegistry().requireService(EventListenerRegistry.class);
    // before those of others, as of Bean Validation, which are to see the values
    listeners.prependListeners(EventType.POST_LOAD, listener);
    listeners.prependListeners(EventType.PRE_INSERT, listener);
    listeners.prependListeners(EventType.PRE_UPDATE, listener);
    listeners.prependListeners(EventType.PRE_UPSERT, listener);
    listeners.prependListeners(EventType.POST_INSERT, listener);
    // after those that may change the name
    listeners.appendListeners(EventType.PRE_INSERT, listener::afterPreInsert);
    // before Hibernate's own, which may insert a copy, and after it
    listeners.prependListeners(EventType.MERGE, merges.new Before());
    listeners.appendListeners(EventType.MERGE, merges.new After());
    // before Hibernate's own, which looks for changes, and after it
    listeners.prependListeners(EventType.FLUSH_ENTITY, listener);
    listeners.appendListeners(EventType.FLUSH_ENTITY, listener::afterFlushEntity);
  }

  @Override
  public void disintegrate(
      SessionFactoryImplementor factory, SessionFactoryServiceRegistry serviceRegistry) {
    Prefetcher.forget(factory);
  }

  /** Checks what is known only once the factory is complete. */
  private record Check(Map<String, List<MappedValue>> mapped) implements SessionFactoryObserver {
    @Override
    public void sessionFactoryCreated(SessionFactory factory) {
      MappingMetamodel entities =
          factory.unwrap(SessionFactoryImplementor.class).getMappingMetamodel();
      mapped.forEach(
          (entity, values) ->
              values.forEach(value -> value.check(entities.getEntityDescriptor(entity))));
    }
  }
}
