// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import io.pghello.extension.ExtensionDescription;
import org.hibernate.boot.MetadataBuilder;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.spi.MetadataBuilderInitializer;

/**
 * Adds the extensions listed in {@link ExtensionSettings#CREATE} to the schema that Hibernate
 * creates. Hibernate finds this class through {@code META-INF/services}.
 */
public final class ExtensionCreator implements MetadataBuilderInitializer {
  /** Called by Hibernate. */
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
