// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.io.Serial;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.service.Service;
import org.hibernate.service.spi.SessionFactoryServiceContributor;
import org.hibernate.service.spi.SessionFactoryServiceRegistryBuilder;
import org.jspecify.annotations.Nullable;

/** Has the prefetcher of a session factory, in its registry, and so no longer than the factory. */
public final class PrefetcherService implements Service {
  @Serial private static final long serialVersionUID = 1L;

  // Hibernate declares services to be serializable, and never makes use of that.
  private transient @Nullable Prefetcher prefetcher;

  private PrefetcherService() {}

  /** Adds the service to each session factory. Hibernate finds it by {@code META-INF/services}. */
  public static final class Contributor implements SessionFactoryServiceContributor {
    @Override
    public void contribute(SessionFactoryServiceRegistryBuilder builder) {
      builder.addService(PrefetcherService.class, new PrefetcherService());
    }
  }

  static void set(SessionFactoryImplementor factory, Prefetcher prefetcher) {
    in(factory).prefetcher = prefetcher;
  }

  /** Returns the factory's prefetcher; null if no entity of it is filled. */
  static @Nullable Prefetcher of(SessionFactoryImplementor factory) {
    return in(factory).prefetcher;
  }

  private static PrefetcherService in(SessionFactoryImplementor factory) {
    return factory.getServiceRegistry().requireService(PrefetcherService.class);
  }
}
