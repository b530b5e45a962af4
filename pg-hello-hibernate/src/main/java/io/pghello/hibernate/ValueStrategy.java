// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** The way in which a value computed by the server gets into an entity. */
public enum ValueStrategy {
  /**
   * {@link #RETURNING} if the identifier is {@code IDENTITY} and the value is computed only on
   * INSERT. Otherwise, and in embedded objects, {@link #PREFETCH}. If the database is distributed
   * by Citus, always {@link #PREFETCH}: this is asked once when the session factory is built, in
   * one round trip, unless {@link PgHelloSettings#PREFLIGHT} is {@code off}.
   */
  AUTO,
  /**
   * One query per flush fetches the values of all entities that are about to be written. It runs on
   * the session's connection and in its transaction. Cost: one round trip per flush that writes
   * such entities, plus one for every further 16,384 names or 8 MiB of names. JDBC batching stays
   * enabled. Outside a flush (with {@code IDENTITY} identifiers, and in a {@code StatelessSession})
   * the cost is one round trip per entity. For stateless sessions, see {@link
   * PgHelloSessions#prefetch}.
   */
  PREFETCH,
  /**
   * The INSERT calls the function and returns the value. This takes no additional round trip if
   * entities are inserted one by one anyway, for example with {@code IDENTITY} identifiers. In
   * other cases it disables JDBC batching and so costs a round trip per entity. Limits:
   *
   * <ul>
   *   <li>A {@code StatelessSession} does not read the value back.
   *   <li>Bean Validation runs before the value exists. Use {@code @Column(nullable = false)}
   *       instead of {@code @NotNull}.
   *   <li>A value in a table other than the identifier's is read back by a query.
   *   <li>It cannot be combined with {@code @SQLInsert}. {@code @Immutable} entities need an {@code
   *       IDENTITY} identifier.
   *   <li>Citus rejects it for tables that it manages, because the INSERT contains a subquery.
   * </ul>
   */
  RETURNING
}
