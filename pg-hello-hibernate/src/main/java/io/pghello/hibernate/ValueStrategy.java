// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** The strategies for obtaining a value that the server computes. */
public enum ValueStrategy {
  /**
   * Selects {@link #RETURNING} if the identifier is {@code IDENTITY} and the INSERT can compute the
   * value. For example, the INSERT cannot compute the value if the value is also computed on
   * UPDATE, or if the attribute is in an embedded object, has a converter, or has a custom type. In
   * these cases, with other identifiers, and whenever the database is distributed by Citus, {@code
   * AUTO} selects {@link #PREFETCH}. Citus is detected once, with one round trip when the session
   * factory is built, unless {@link PgHelloSettings#PREFLIGHT} is {@code off}.
   */
  AUTO,
  /**
   * One query per flush fetches the values of all entities that are about to be written. The query
   * runs on the session's connection and in its transaction. Cost: one round trip per flush that
   * writes such entities, and an additional round trip for every further 16,384 names or 8 MiB of
   * names. JDBC batching stays enabled. Outside a flush (with {@code IDENTITY} identifiers, and in
   * a {@code StatelessSession}) the cost is one round trip per entity. For stateless sessions, see
   * {@link PgHelloSessions#prefetch}.
   */
  PREFETCH,
  /**
   * The INSERT calls the function and returns the value. This takes no additional round trip if
   * entities are inserted one by one anyway, for example with {@code IDENTITY} identifiers. In
   * other cases this strategy disables JDBC batching, and therefore costs a round trip per entity.
   * Limits:
   *
   * <ul>
   *   <li>A {@code StatelessSession} does not read the value back.
   *   <li>Bean Validation runs before the value exists. Use {@code @Column(nullable = false)}
   *       instead of {@code @NotNull}.
   *   <li>If the attribute is in a different table from the generated identifier, for example in a
   *       secondary table, its value is read back with a separate query.
   *   <li>This strategy cannot be combined with {@code @SQLInsert}. {@code @Immutable} entities
   *       need an {@code IDENTITY} identifier.
   *   <li>Citus rejects the INSERT for tables that it manages, because the INSERT contains a
   *       subquery.
   * </ul>
   */
  RETURNING
}
