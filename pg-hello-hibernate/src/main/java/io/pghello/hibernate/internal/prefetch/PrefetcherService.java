// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.prefetch;

import java.io.Serial;
import java.util.Collection;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.service.Service;
import org.hibernate.service.spi.SessionFactoryServiceContributor;
import org.hibernate.service.spi.SessionFactoryServiceRegistryBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Holds the prefetcher of a session factory in the factory's service registry, so that both have
 * the same lifetime.
 */
public final class PrefetcherService implements Service {
  @Serial private static final long serialVersionUID = 1L;

  // Hibernate declares services as serializable but never serializes them.
  private transient @Nullable Prefetcher prefetcher;

  private PrefetcherService() {}

  /**
   * Adds the service to each session factory. Hibernate finds this class through {@code
   * META-INF/services}.
   */
  public static final class Contributor implements SessionFactoryServiceContributor {
    @Override
    public void contribute(SessionFactoryServiceRegistryBuilder builder) {
      builder.addService(PrefetcherService.class, new PrefetcherService());
    }
  }

  public static void set(SessionFactoryImplementor factory, Prefetcher prefetcher) {
    in(factory).prefetcher = prefetcher;
  }

  /** Returns the factory's prefetcher; null if none of its entities has an annotated attribute. */
  static @Nullable Prefetcher of(SessionFactoryImplementor factory) {
    return in(factory).prefetcher;
  }

  /** Fills entities that a stateless session is about to insert. */
  public static void prefetch(SharedSessionContractImplementor session, Collection<?> entities) {
    Prefetcher.requireOpen(session);
    Prefetcher prefetcher = of(session.getFactory());
    if (prefetcher != null) {
      prefetcher.fill(session, entities);
    }
  }

  private static PrefetcherService in(SessionFactoryImplementor factory) {
    return factory.getServiceRegistry().requireService(PrefetcherService.class);
  }
}
