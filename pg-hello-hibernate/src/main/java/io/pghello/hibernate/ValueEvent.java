// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

/** The Hibernate event at which a value is computed. */
public enum ValueEvent {
  /** The entity is inserted. */
  INSERT,
  /** A changed entity is updated. */
  UPDATE
}
