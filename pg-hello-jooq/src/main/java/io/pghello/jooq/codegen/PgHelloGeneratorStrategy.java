// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jooq.codegen.DefaultGeneratorStrategy;
import org.jooq.meta.Definition;
import org.jooq.meta.SchemaDefinition;
import org.jspecify.annotations.Nullable;

/**
 * Generates distinct Java names for functions and procedures, with the same names in every database
 * for {@code pg_hello} and the extensions in {@link PgHelloGenerator#EXTENSIONS}. Specify this
 * class in the configuration of jOOQ's code generator, under {@code <strategy><name>}.
 *
 * <ul>
 *   <li>A <em>method</em> has the name of the function: {@code pg_hello(text)} and {@code
 *       pg_hello(text, integer)} are both {@code pgHello}, not {@code pgHello1} and {@code
 *       pgHello2}.
 *   <li>A <em>class</em> name ends with PostgreSQL's names for the parameter types, which identify
 *       an overload: {@code PgHelloText}, {@code PgHelloTextInt4}.
 *   <li>Other objects keep jOOQ's names.
 * </ul>
 *
 * <p>The names of these extensions' functions do not depend on the other generated objects. The
 * functions are identified by their membership in the extension, with one additional query per
 * schema, on PostgreSQL only.
 *
 * <p>If two methods would have the same name and the same number of parameters, the parameter types
 * are added to the method name, because Java cannot distinguish a {@code Field<String>} from a
 * {@code Field<UUID>} in a signature. A function of these extensions keeps the short name if the
 * other function belongs to none of these extensions. The same applies to the constant of a
 * table-valued function. If a name is still not unique, a number is appended.
 *
 * <p>Thread-safe after it has been configured, like every strategy.
 */
public class PgHelloGeneratorStrategy extends DefaultGeneratorStrategy {
  private final Map<SchemaDefinition, RoutineNames> names =
      Collections.synchronizedMap(new IdentityHashMap<>());

  /** Called by jOOQ. */
  public PgHelloGeneratorStrategy() {}

  /** Returns an empty suffix for a routine instead of its number among the overloads. */
  @Override
  public String getOverloadSuffix(Definition definition, Mode mode, String overloadIndex) {
    return RoutineNames.isRoutine(definition)
        ? ""
        : super.getOverloadSuffix(definition, mode, overloadIndex);
  }

  /**
   * Returns jOOQ's name, with the parameter types added if Java could not distinguish two routines.
   */
  @Override
  public String getJavaMethodName(Definition definition, Mode mode) {
    RoutineNames routines = routines(definition);
    String name =
        routines == null
            ? null
            : routines.method(definition, it -> super.getJavaMethodName(it, mode));
    return name == null ? super.getJavaMethodName(definition, mode) : name;
  }

  /** Returns jOOQ's name. For a routine, the parameter types are added. */
  @Override
  public String getJavaClassName(Definition definition, Mode mode) {
    String name = super.getJavaClassName(definition, mode);
    RoutineNames routines = routines(definition);
    if (routines == null) {
      return name;
    }
    // insert the types before jOOQ's suffix, e.g. Record
    int first = mode == Mode.INTERFACE ? 1 : 0;
    int end = first + super.getJavaClassName(definition, Mode.DEFAULT).length();
    return name.substring(0, end) + routines.classSuffix(definition) + name.substring(end);
  }

  /** Returns jOOQ's name, with the parameter types added if another table has the same name. */
  @Override
  public String getJavaIdentifier(Definition definition) {
    RoutineNames routines = routines(definition);
    String name =
        routines == null
            ? null
            : routines.identifier(
                definition,
                it ->
                    RoutineNames.isRoutine(it)
                        ? super.getJavaIdentifier(it)
                        // includes the names that a subclass returns
                        : getJavaIdentifier(it));
    return name == null ? super.getJavaIdentifier(definition) : name;
  }

  private @Nullable RoutineNames routines(Definition definition) {
    return RoutineNames.isRoutine(definition)
        ? names.computeIfAbsent(definition.getSchema(), RoutineNames::new)
        : null;
  }
}
