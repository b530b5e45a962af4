// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** What Hibernate does with an entity when a value of it is computed. */
public enum ValueEvent {
  /** It inserts the entity's row. */
  INSERT,
  /** It updates the row of an entity that has changed. */
  UPDATE
}
