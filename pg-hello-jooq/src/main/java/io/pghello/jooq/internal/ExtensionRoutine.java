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
 * The superclass of all generated routines.
 *
 * @param <T> the result type
 */
public abstract class ExtensionRoutine<T> extends AbstractRoutine<T> {
  @Serial private static final long serialVersionUID = 1L;

  private static final Parameter<?> UNNAMED =
      Internal.createParameter("RETURN_VALUE", SQLDataType.OTHER, false, true);

  /** The key under which a configuration's data contains the schema's name. */
  private static final String SCHEMA = "io.pghello.jooq.schema";

  /** Creates a routine without parameters. The generated subclass adds the parameters. */
  @SuppressWarnings({"this-escape", "unchecked"}) // the method is final; the type is unused
  protected ExtensionRoutine(String name, @Nullable Schema schema, DataType<T> type) {
    super(name, schema, type);
    // jOOQ passes arguments by position if a parameter has no name. jOOQ's parser does not support
    // named arguments. The generated code replaces this parameter.
    setReturnParameter((Parameter<T>) UNNAMED);
  }

  /** Returns the schema that was set with {@link #setSchema}; null if none was set. */
  public static @Nullable String schema(Configuration configuration) {
    return (String) configuration.data(SCHEMA);
  }

  /** Sets the schema of the functions in the SQL of a configuration. */
  public static void setSchema(Configuration configuration, String schema) {
    configuration.data(SCHEMA, schema);
  }

  /**
   * Checks that PostgreSQL's type {@code text} can store a value. Without this check, the driver
   * would reject an unsupported character later, or replace it with a question mark.
   *
   * @param where the beginning of the error message, which identifies the value
   * @param value a name or an array of names; null and other types are accepted
   * @throws IllegalArgumentException if {@code text} cannot store the value; the message contains
   *     the index but not the name
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
        where + " has " + what + " at index " + index + ", which PostgreSQL's text cannot store");
  }

  /**
   * Returns the call as an expression for a statement.
   *
   * @throws IllegalArgumentException if PostgreSQL's type {@code text} cannot store a value
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

  /** Calls the function in one round trip. */
  public final @Nullable T call(Configuration configuration) {
    require(configuration.family());
    return configuration.dsl().fetchValue(field());
  }

  private void renderCall(Context<?> context) {
    require(context.family());
    Object schema = context.configuration().data(SCHEMA);
    if (schema == null && isMapped(context.settings().getRenderMapping())) {
      // jOOQ applies the mapping
      context.visit(asField());
      return;
    }
    // renders the same SQL as asField(), but faster
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

  /** Returns whether a mapping has entries. jOOQ's default settings contain an empty mapping. */
  private static boolean isMapped(@Nullable RenderMapping mapping) {
    return mapping != null && !(mapping.getSchemata().isEmpty() && mapping.getCatalogs().isEmpty());
  }

  private void require(SQLDialect family) {
    // toString() uses the dialect DEFAULT
    if (family != SQLDialect.POSTGRES && family != SQLDialect.DEFAULT) {
      throw new SQLDialectNotSupportedException(
          getName()
              + " is a function of the PostgreSQL extension pg_hello, but the dialect of this"
              + " configuration is "
              + family.getName()
              + ". Use SQLDialect.POSTGRES and a PostgreSQL server with the extension.");
    }
  }

  /**
   * The call as an expression. This is a class and not a lambda, because the expression must be
   * serializable.
   */
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
