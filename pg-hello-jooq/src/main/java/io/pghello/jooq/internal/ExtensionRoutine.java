// SPDX-License-Identifier: MIT
package io.pghello.jooq.internal;

import java.io.Serial;
import org.jooq.Configuration;
import org.jooq.Context;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Parameter;
import org.jooq.SQLDialect;
import org.jooq.Schema;
import org.jooq.exception.SQLDialectNotSupportedException;
import org.jooq.impl.AbstractRoutine;
import org.jooq.impl.CustomField;
import org.jooq.impl.DSL;
import org.jooq.impl.Internal;
import org.jooq.impl.SQLDataType;
import org.jspecify.annotations.Nullable;

/**
 * A function of the extension: what all generated routines are.
 *
 * @param <T> what it returns
 */
public abstract class ExtensionRoutine<T> extends AbstractRoutine<T> {
  @Serial private static final long serialVersionUID = 1L;

  private static final Parameter<?> UNNAMED =
      Internal.createParameter("RETURN_VALUE", SQLDataType.OTHER, false, true);

  /** Under which a configuration has the name of the schema, if it is known. */
  private static final String SCHEMA = "io.pghello.jooq.schema";

  /** Creates it for a function without a schema; the generated code sets the rest. */
  @SuppressWarnings({"this-escape", "unchecked"}) // the method is final; the type is not used
  protected ExtensionRoutine(String name, @Nullable Schema schema, DataType<T> type) {
    super(name, schema, type);
    // Arguments by position, as jOOQ renders them once a parameter has no name: its parser does not
    // know the other way. The generated code replaces this parameter.
    setReturnParameter((Parameter<T>) UNNAMED);
  }

  /** Lets a configuration call the functions in a schema. */
  public static void setSchema(Configuration configuration, String schema) {
    configuration.data(SCHEMA, schema);
  }

  /** Returns the call as a part of a statement. */
  public final Field<T> field() {
    return CustomField.of(
        getUnqualifiedName(), getReturnParameter().getDataType(), this::renderCall);
  }

  /** Calls it in one round trip. */
  public final @Nullable T call(Configuration configuration) {
    require(configuration.family());
    return configuration.dsl().fetchValue(field());
  }

  private void renderCall(Context<?> context) {
    require(context.family());
    Object schema = context.configuration().data(SCHEMA);
    if (schema == null && context.settings().getRenderMapping() != null) {
      // only jOOQ knows how to map it
      context.visit(asField());
      return;
    }
    // the same by a shorter way
    if (schema != null) {
      context.visit(DSL.name((String) schema)).sql('.');
    }
    context.visit(getUnqualifiedName()).sql('(');
    String separator = "";
    for (Parameter<?> parameter : getInParameters()) {
      context.sql(separator).visit(DSL.cast(getInValues().get(parameter), parameter.getDataType()));
      separator = ", ";
    }
    context.sql(')');
  }

  private void require(SQLDialect family) {
    // DEFAULT is what toString() renders with
    if (family != SQLDialect.POSTGRES && family != SQLDialect.DEFAULT) {
      throw new SQLDialectNotSupportedException(
          getName()
              + " is a function of the PostgreSQL extension pg_hello, but the dialect of this"
              + " configuration is "
              + family.getName()
              + ". Use SQLDialect.POSTGRES, and a PostgreSQL that has the extension.");
    }
  }
}
