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
 * An extension as a part of the schema that Hibernate creates: before the tables, and never
 * dropped. On another database than PostgreSQL it is nothing.
 *
 * @param quotedName its name, quoted where SQL needs it
 * @param schema the schema that it is created in, without quotes; null for the first on the path
 */
public record ExtensionObject(String quotedName, @Nullable String schema)
    implements AuxiliaryDatabaseObject {
  @Serial private static final long serialVersionUID = 1L;

  /**
   * Makes an extension a part of the schema.
   *
   * @param schema the schema that it is created in, without quotes; null for the first on the path
   * @throws HibernateException if it is to be created in another schema already
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
              "Two settings create extension %s, %s and %s; use one of them."
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

  // defaults, generated columns and indexes of tables that are not Hibernate's may depend on it
  @Override
  public String[] sqlDropStrings(SqlStringGenerationContext context) {
    return new String[0];
  }
}
