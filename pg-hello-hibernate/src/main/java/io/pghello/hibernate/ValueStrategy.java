// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** The strategies for obtaining a value that the server computes. */
public enum ValueStrategy {
  /**
   * Selects {@link #RETURNING} for {@code IDENTITY} identifiers if the INSERT can compute the
   * value, and {@link #PREFETCH} in all other cases. For example, the INSERT cannot compute a value
   * that is also computed on UPDATE, that is in an embedded object, that has a converter or a
   * custom type, or that is in a database distributed by Citus. Citus is detected once, with one
   * round trip when the session factory is built, unless {@link PgHelloSettings#PREFLIGHT} is
   * {@code off}.
   */
  AUTO,
  /**
   * One query per flush fetches the values of all entities that are about to be written, on the
   * session's connection and in its transaction. Costs one round trip per flush that writes such
   * entities, and another one for every further 16,384 names or 8 MiB of names; JDBC batching stays
   * enabled. Outside a flush (with {@code IDENTITY} identifiers, and in a {@code StatelessSession}
   * without {@link PgHelloSessions#prefetch}), costs one round trip per entity.
   */
  PREFETCH,
  /**
   * The INSERT calls the function and returns the value. This takes no additional round trip if
   * entities are inserted one by one anyway, for example with {@code IDENTITY} identifiers.
   * Otherwise, it disables JDBC batching, and costs one round trip per entity.
   *
   * <p>Limits:
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
