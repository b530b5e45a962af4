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
 * Gives functions and procedures names that Java can tell apart, and those of the extension {@code
 * pg_hello}, and of those that {@link PgHelloGenerator#EXTENSIONS} names, the same names in every
 * database. To be named in the configuration of jOOQ's code generator, under {@code
 * <strategy><name>}; everything else has the names that jOOQ gives it.
 *
 * <ul>
 *   <li>A <em>method</em> is called as the function is: {@code pg_hello(text)} and {@code
 *       pg_hello(text, integer)} are both {@code pgHello}, not {@code pgHello1} and {@code
 *       pgHello2}.
 *   <li>A <em>class</em> has the types of the parameters in its name, as PostgreSQL itself calls
 *       them: {@code PgHelloText}, {@code PgHelloTextInt4}. Only with these does a function's name
 *       say which one it is.
 * </ul>
 *
 * <p>What belongs to these extensions has these names whatever else is generated; it is known by
 * its membership, which takes one more query for each schema, on PostgreSQL only. What does not
 * belong to them gives way: where its method would have the name and the number of parameters of
 * another, its name also has the types. Java cannot tell a {@code Field<String>} from a {@code
 * Field<UUID>} in a signature. So has the constant of a function that returns a table. A name that
 * is still taken gets a number.
 *
 * <p>Thread-safe if it is not configured meanwhile, as all strategies are.
 */
public class PgHelloGeneratorStrategy extends DefaultGeneratorStrategy {
  private final Map<SchemaDefinition, RoutineNames> names =
      Collections.synchronizedMap(new IdentityHashMap<>());

  /** Creates it; jOOQ does this. */
  public PgHelloGeneratorStrategy() {}

  /** Returns nothing for a routine, whose number among its overloads says nothing. */
  @Override
  public String getOverloadSuffix(Definition definition, Mode mode, String overloadIndex) {
    return RoutineNames.isRoutine(definition)
        ? ""
        : super.getOverloadSuffix(definition, mode, overloadIndex);
  }

  /** Returns jOOQ's name, with the types of a routine that Java cannot tell from another. */
  @Override
  public String getJavaMethodName(Definition definition, Mode mode) {
    RoutineNames routines = routines(definition);
    String name =
        routines == null
            ? null
            : routines.method(definition, it -> super.getJavaMethodName(it, mode));
    return name == null ? super.getJavaMethodName(definition, mode) : name;
  }

  /** Returns jOOQ's name for all but routines, which get their types. */
  @Override
  public String getJavaClassName(Definition definition, Mode mode) {
    String name = super.getJavaClassName(definition, mode);
    RoutineNames routines = routines(definition);
    if (routines == null) {
      return name;
    }
    // before what follows the name of a record
    int first = mode == Mode.INTERFACE ? 1 : 0;
    int end = first + super.getJavaClassName(definition, Mode.DEFAULT).length();
    return name.substring(0, end) + routines.classSuffix(definition) + name.substring(end);
  }

  /** Returns jOOQ's name, with the types of a function whose table has the name of another. */
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
                        // what a strategy that extends this one calls it
                        : getJavaIdentifier(it));
    return name == null ? super.getJavaIdentifier(definition) : name;
  }

  private @Nullable RoutineNames routines(Definition definition) {
    return RoutineNames.isRoutine(definition)
        ? names.computeIfAbsent(definition.getSchema(), RoutineNames::new)
        : null;
  }
}
