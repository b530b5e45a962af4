// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import io.pghello.hibernate.PgHelloSettings;
import java.io.Serial;
import java.util.Locale;
import org.hibernate.HibernateException;
import org.hibernate.boot.MetadataBuilder;
import org.hibernate.boot.model.relational.AuxiliaryDatabaseObject;
import org.hibernate.boot.model.relational.SqlStringGenerationContext;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.spi.MetadataBuilderInitializer;
import org.hibernate.dialect.Dialect;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.engine.config.spi.ConfigurationService;
import org.jspecify.annotations.Nullable;

/**
 * Makes the extension a part of the schema that Hibernate creates, where {@link
 * PgHelloSettings#CREATE_EXTENSION} says so. Hibernate finds it by {@code META-INF/services}.
 */
public final class ExtensionCreator implements MetadataBuilderInitializer {
  @Override
  public void contribute(MetadataBuilder builder, StandardServiceRegistry services) {
    Object setting =
        services
            .requireService(ConfigurationService.class)
            .getSettings()
            .get(PgHelloSettings.CREATE_EXTENSION);
    if (setting != null && isTrue(setting.toString())) {
      builder.applyAuxiliaryDatabaseObject(new Extension(Schema.name(services)));
    }
  }

  private static boolean isTrue(String setting) {
    return switch (setting.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new HibernateException(
              "Setting "
                  + PgHelloSettings.CREATE_EXTENSION
                  + " is \""
                  + setting
                  + "\"; it must be true or false");
    };
  }

  /** The extension, which is created before the tables, and never dropped. */
  private record Extension(@Nullable String schema) implements AuxiliaryDatabaseObject {
    @Serial private static final long serialVersionUID = 1L;

    @Override
    public String getExportIdentifier() {
      return "extension pg_hello";
    }

    @Override
    public boolean appliesToDialect(Dialect dialect) {
      return dialect instanceof PostgreSQLDialect;
    }

    @Override
    public boolean beforeTablesOnCreation() {
      return true;
    }

    @Override
    public String[] sqlCreateStrings(SqlStringGenerationContext context) {
      if (schema == null) {
        return new String[] {"create extension if not exists pg_hello"};
      }
      String quoted = Schema.quoted(schema);
      return new String[] {
        "create schema if not exists " + quoted,
        "create extension if not exists pg_hello schema " + quoted
      };
    }

    // defaults, generated columns and indexes of tables that are not Hibernate's may depend on it
    @Override
    public String[] sqlDropStrings(SqlStringGenerationContext context) {
      return new String[0];
    }
  }
}
