// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloOperations;
import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.hibernate.ExtensionFunctionContributor;
import io.pghello.hibernate.PgHelloSettings;

/**
 * Registers the extension's functions for HQL and Criteria on PostgreSQL. Hibernate finds this
 * class through {@code META-INF/services}.
 */
public final class PgHelloFunctionContributor extends ExtensionFunctionContributor {
  /** Called by Hibernate. */
  public PgHelloFunctionContributor() {
    super(extension(), PgHelloSettings.SCHEMA);
  }

  /** Checks the versions before the first use of other artifacts. */
  private static ExtensionDescription extension() {
    ArtifactVersions.requireSame(
        PgHelloFunctionContributor.class,
        PgHelloOperations.class,
        BatchMapper.class,
        ExtensionDescription.class);
    return PgHelloClient.extension();
  }
}
