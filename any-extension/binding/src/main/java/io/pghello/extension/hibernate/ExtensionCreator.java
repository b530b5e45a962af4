// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import io.pghello.extension.ExtensionDescription;
import org.hibernate.boot.MetadataBuilder;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.spi.MetadataBuilderInitializer;

/**
 * Makes the extensions that {@link ExtensionSettings#CREATE} names a part of the schema that
 * Hibernate creates. Hibernate finds it by {@code META-INF/services}.
 */
public final class ExtensionCreator implements MetadataBuilderInitializer {
  /** Creates it; Hibernate does this. */
  public ExtensionCreator() {}

  @Override
  public void contribute(MetadataBuilder builder, StandardServiceRegistry services) {
    for (ExtensionDescription extension :
        ExtensionSettings.extensions(services, ExtensionSettings.CREATE)) {
      String setting = ExtensionSettings.schemaOf(extension.name());
      ExtensionObject.apply(builder, extension, ExtensionSettings.schema(services, setting));
    }
  }
}
