// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.PgHelloClient;
import io.pghello.extension.hibernate.ExtensionObject;
import io.pghello.extension.hibernate.ExtensionSettings;
import io.pghello.hibernate.PgHelloSettings;
import org.hibernate.boot.MetadataBuilder;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.spi.MetadataBuilderInitializer;

/**
 * Adds the extension to the schema that Hibernate creates, if {@link
 * PgHelloSettings#CREATE_EXTENSION} is set. Hibernate finds this class through {@code
 * META-INF/services}.
 */
public final class ExtensionCreator implements MetadataBuilderInitializer {
  @Override
  public void contribute(MetadataBuilder builder, StandardServiceRegistry services) {
    if (ExtensionSettings.isTrue(services, PgHelloSettings.CREATE_EXTENSION)) {
      ExtensionObject.apply(builder, PgHelloClient.extension(), Schema.name(services));
    }
  }
}
