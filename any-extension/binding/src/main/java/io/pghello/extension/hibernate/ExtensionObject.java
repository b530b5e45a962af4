// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import io.pghello.extension.ExtensionDescription;
import java.io.Serial;
import org.hibernate.HibernateException;
import org.hibernate.boot.MetadataBuilder;
import org.hibernate.boot.model.relational.AuxiliaryDatabaseObject;
import org.hibernate.boot.model.relational.SqlStringGenerationContext;
import org.hibernate.boot.spi.MetadataBuilderImplementor;
import org.hibernate.dialect.Dialect;
import org.hibernate.dialect.PostgreSQLDialect;
import org.jspecify.annotations.Nullable;

/**
 * An extension as part of the schema that Hibernate creates. {@link #apply} adds it.
 *
 * <p>The extension is created before the tables and never dropped. Ignored on databases other than
 * PostgreSQL.
 *
 * @param quotedName the extension's name, quoted if necessary
 * @param schema the schema to create the extension in, without quotes; null for the first schema on
 *     the search path
 */
public record ExtensionObject(String quotedName, @Nullable String schema)
    implements AuxiliaryDatabaseObject {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Adds an extension to the schema.
   *
   * @param schema the schema to create the extension in, without quotes; null for the first schema
   *     on the search path
   * @throws HibernateException if another setting creates the extension in a different schema
   */
  public static void apply(
      MetadataBuilder builder, ExtensionDescription extension, @Nullable String schema) {
    var object = new ExtensionObject(extension.quotedName(), schema);
    if (builder instanceof MetadataBuilderImplementor implementor) {
      for (AuxiliaryDatabaseObject other :
          implementor.getBootstrapContext().getAuxiliaryDatabaseObjectList()) {
        if (other instanceof ExtensionObject same
            && same.quotedName.equals(object.quotedName)
            && !same.equals(object)) {
          throw new HibernateException(
              "Two settings create extension %s, one %s and one %s; use only one of the settings."
                  .formatted(extension, same.place(), object.place()));
        }
      }
    }
    builder.applyAuxiliaryDatabaseObject(object);
  }

  private String place() {
    return schema == null ? "without a schema" : "in schema " + schema;
  }

  @Override
  public String getExportIdentifier() {
    return "extension " + quotedName;
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
    String create = "create extension if not exists " + quotedName;
    if (schema == null) {
      return new String[] {create};
    }
    String quoted = ExtensionSettings.quoted(schema);
    return new String[] {"create schema if not exists " + quoted, create + " schema " + quoted};
  }

  // the extension is never dropped: objects outside Hibernate's schema may depend on it, e.g.
  // defaults, generated columns, indexes
  @Override
  public String[] sqlDropStrings(SqlStringGenerationContext context) {
    return new String[0];
  }
}
