// SPDX-License-Identifier: MIT
package io.pghello.jooq.internal;

import java.io.Serial;
import org.jooq.Configuration;
import org.jooq.Context;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Param;
import org.jooq.Parameter;
import org.jooq.SQLDialect;
import org.jooq.Schema;
import org.jooq.conf.RenderMapping;
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

  /** Returns the schema that {@link #setSchema} has told a configuration; null if none. */
  public static @Nullable String schema(Configuration configuration) {
    return (String) configuration.data(SCHEMA);
  }

  /** Lets a configuration call the functions in a schema. */
  public static void setSchema(Configuration configuration, String schema) {
    configuration.data(SCHEMA, schema);
  }

  /**
   * Refuses what PostgreSQL's type text cannot hold in any database, and the driver would refuse or
   * send as a question mark.
   *
   * @param where what the error begins with
   * @param value a name or an array of names; whatever else it is, and null, is let through
   * @throws IllegalArgumentException with the index, and without the name
   */
  public static void checkText(String where, @Nullable Object value) {
    if (value instanceof Object[] elements) {
      for (int i = 0; i < elements.length; i++) {
        checkText(where + "[" + i + "]", elements[i]);
      }
    } else if (value instanceof String text) {
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c == 0) {
          throw invalid(where, "the character U+0000", i);
        }
        if (Character.isSurrogate(c)) {
          if (Character.isLowSurrogate(c)
              || i + 1 == text.length()
              || !Character.isLowSurrogate(text.charAt(i + 1))) {
            throw invalid(where, "an unpaired surrogate", i);
          }
          i++;
        }
      }
    }
  }

  private static IllegalArgumentException invalid(String where, String what, int index) {
    return new IllegalArgumentException(
        where + " has " + what + " at index " + index + ", which PostgreSQL's text cannot hold");
  }

  /**
   * Returns the call as a part of a statement.
   *
   * @throws IllegalArgumentException if a value is none of PostgreSQL's type text
   */
  public final Field<T> field() {
    getInValues()
        .forEach(
            (parameter, value) -> {
              if (value instanceof Param<?> param) {
                checkText(parameter.getName(), param.getValue());
              }
            });
    return new CallField<>(this);
  }

  /** Calls it in one round trip. */
  public final @Nullable T call(Configuration configuration) {
    require(configuration.family());
    return configuration.dsl().fetchValue(field());
  }

  private void renderCall(Context<?> context) {
    require(context.family());
    Object schema = context.configuration().data(SCHEMA);
    if (schema == null && isMapped(context.settings().getRenderMapping())) {
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

  /** Returns whether a mapping maps anything: jOOQ puts an empty one into settings without one. */
  private static boolean isMapped(@Nullable RenderMapping mapping) {
    return mapping != null && !(mapping.getSchemata().isEmpty() && mapping.getCatalogs().isEmpty());
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

  /** The call as a part of a statement. A lambda in its place would not be serializable. */
  private static final class CallField<T> extends CustomField<T> {
    @Serial private static final long serialVersionUID = 1L;

    private final ExtensionRoutine<T> routine;

    CallField(ExtensionRoutine<T> routine) {
      super(routine.getUnqualifiedName(), routine.getReturnParameter().getDataType());
      this.routine = routine;
    }

    @Override
    public void accept(Context<?> context) {
      routine.renderCall(context);
    }
  }
}
