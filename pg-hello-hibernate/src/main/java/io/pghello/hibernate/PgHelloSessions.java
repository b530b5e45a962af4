// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.hibernate.internal.prefetch.PrefetcherService;
import java.util.Collection;
import java.util.Objects;
import org.hibernate.StatelessSession;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.query.NativeQuery;
import org.hibernate.query.spi.QueryImplementor;

/**
 * Additional operations on Hibernate sessions. Use {@link #prefetch} before you insert many
 * entities with a {@code StatelessSession}.
 */
public final class PgHelloSessions {
  private PgHelloSessions() {}

  /**
   * Fills the {@link ValueStrategy#PREFETCH} attributes of entities before the entities are
   * inserted. Takes one round trip for all entities, another one for every further 16,384 names or
   * 8 MiB of names, and none if no attribute needs a value. Without this call, a {@code
   * StatelessSession} makes one round trip per entity, because it handles one entity at a time. If
   * the name of an entity changes afterwards, its insert fetches the greeting again.
   *
   * @param session an open session, or a proxy of an open session; as usual, only the calling
   *     thread may use it
   * @param entities entities of any types mapped in this session; neither the collection nor its
   *     elements may be null
   * @throws org.hibernate.JDBCException if a name cannot be sent or the query fails. Hibernate
   *     derives the exception type from the SQLSTATE, and the root cause is a {@link
   *     io.pghello.extension.batching.FunctionCallException}. In this case, no entity is changed.
   */
  public static void prefetch(StatelessSession session, Collection<?> entities) {
    Objects.requireNonNull(session, "session");
    entities.forEach(entity -> Objects.requireNonNull(entity, "an entity"));
    PrefetcherService.prefetch(behind(session), entities);
  }

  /** Unwraps a session that may be a proxy. Does not access the database. */
  private static SharedSessionContractImplementor behind(StatelessSession session) {
    // StatelessSession has no unwrap method in Hibernate 6
    NativeQuery<?> query = session.createNativeQuery("select 1", Integer.class);
    if (query instanceof QueryImplementor<?> known) {
      return known.getSession();
    }
    throw new IllegalArgumentException(
        "Cannot find the session of a query of type "
            + query.getClass().getName()
            + ". Pass a session that was opened by Hibernate.");
  }
}
