// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.extension.hibernate.ExtensionFunctionContributor;
import io.pghello.hibernate.PgHelloSettings;
import io.pghello.internal.Function;

/**
 * Registers the extension's functions for HQL and Criteria on PostgreSQL. Hibernate finds this
 * class through {@code META-INF/services}.
 */
public final class PgHelloFunctionContributor extends ExtensionFunctionContributor {
  /** Called by Hibernate. */
  public PgHelloFunctionContributor() {
    super(Function.EXTENSION, PgHelloSettings.SCHEMA);
  }
}
