// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** Strategy by which a value that the server computes comes into an entity. */
public enum ValueStrategy {
  /**
   * {@link #RETURNING} where the identifier is {@code IDENTITY} and the value is for the INSERT
   * alone; otherwise, and in embedded objects, {@link #PREFETCH}.
   */
  AUTO,
  /**
   * One query of the flush, on the session's connection and in its transaction, asks for all values
   * of all entities that are about to be written: one round trip for each flush that writes any
   * (one more for every 16,384 names, or 8 MiB of them), and batching stays on. Outside a flush, as
   * with {@code IDENTITY} identifiers and in a {@code StatelessSession}, it is one for each entity;
   * see {@link PgHelloSessions#prefetch} for the latter.
   */
  PREFETCH,
  /**
   * The INSERT calls the function and returns the value: no round trip where entities are inserted
   * one by one anyway, as with {@code IDENTITY} identifiers. Elsewhere it costs the batching, and
   * so a round trip for each entity. A {@code StatelessSession} does not read the value back. Bean
   * Validation looks before the value is there: use {@code @Column(nullable = false)} instead of
   * {@code @NotNull}. What is in another table than the identifier is read back by a query. Not
   * possible beside an {@code @SQLInsert}, nor for {@code @Immutable} entities, unless the
   * identifier is {@code IDENTITY}.
   */
  RETURNING
}
