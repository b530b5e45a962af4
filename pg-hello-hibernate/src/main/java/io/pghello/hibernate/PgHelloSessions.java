// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.hibernate.internal.Prefetcher;
import java.util.Collection;
import java.util.Objects;
import org.hibernate.StatelessSession;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.query.NativeQuery;
import org.hibernate.query.spi.QueryImplementor;

/** Operations on sessions that Hibernate does not have. */
public final class PgHelloSessions {
  private PgHelloSessions() {}

  /**
   * Fills the attributes of entities that are about to be inserted, those with {@link
   * ValueStrategy#PREFETCH}, in one round trip (one more for every 16,384 names, or 8 MiB of them).
   * Without it a {@code StatelessSession}, which knows of one entity at a time, makes one for each.
   * Nothing is sent if there is nothing to be filled.
   *
   * <p>An entity whose name is changed afterwards is looked up again by its insert.
   *
   * @param session an open session, or a proxy of one; it is used by this thread alone, as always
   * @param entities entities of any types of this session; null neither as the collection nor in it
   * @throws org.hibernate.JDBCException if a name cannot be sent or the query fails, as Hibernate
   *     makes it of the SQLSTATE; its root cause is a {@link io.pghello.PgHelloException}. No
   *     entity has been changed then
   */
  public static void prefetch(StatelessSession session, Collection<?> entities) {
    Objects.requireNonNull(session, "session");
    entities.forEach(entity -> Objects.requireNonNull(entity, "an entity"));
    Prefetcher.prefetch(behind(session), entities);
  }

  /** Returns the session behind what may be a proxy; asks it nothing of the database. */
  private static SharedSessionContractImplementor behind(StatelessSession session) {
    // unwrap is not there in Hibernate 6
    NativeQuery<?> query = session.createNativeQuery("select 1", Integer.class);
    if (query instanceof QueryImplementor<?> known) {
      return known.getSession();
    }
    throw new IllegalArgumentException(
        "The session's queries are of "
            + query.getClass().getName()
            + ", which does not say what session is behind it. Use one that Hibernate has opened.");
  }
}
