// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.hibernate.internal.ServerValues;
import java.util.Collection;
import java.util.Objects;
import org.hibernate.StatelessSession;
import org.hibernate.engine.spi.SharedSessionContractImplementor;

/** What a session cannot do by itself. */
public final class PgHelloSessions {
  private PgHelloSessions() {}

  /**
   * Fills the attributes of entities that are about to be inserted, those with {@link
   * ValueStrategy#PREFETCH}, in one round trip (one more for every 16,384 names, or 8 MiB of them).
   * Without it a {@code StatelessSession}, which knows of one entity at a time, makes one for each.
   * Nothing is sent if there is nothing to be filled.
   *
   * <p>An entity whose name is changed afterwards is inserted with the greeting that it got here.
   *
   * @param session an open session; it is used by this thread alone, as always
   * @param entities entities of any types of this session; null neither as the collection nor in it
   * @throws io.pghello.PgHelloException if a name cannot be sent or the query fails; no entity has
   *     been changed then
   */
  public static void prefetch(StatelessSession session, Collection<?> entities) {
    Objects.requireNonNull(session, "session");
    entities.forEach(entity -> Objects.requireNonNull(entity, "an entity"));
    ServerValues.prefetch((SharedSessionContractImplementor) session, entities);
  }
}
