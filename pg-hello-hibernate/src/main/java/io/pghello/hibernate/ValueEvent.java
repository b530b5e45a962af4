// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** Event of an entity in Hibernate at which a value of it is computed. */
public enum ValueEvent {
  /** It inserts the entity's row. */
  INSERT,
  /** It updates the row of an entity that has changed. */
  UPDATE
}
