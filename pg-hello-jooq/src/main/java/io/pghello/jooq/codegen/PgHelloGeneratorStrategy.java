// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jooq.codegen.DefaultGeneratorStrategy;
import org.jooq.meta.Definition;
import org.jooq.meta.RoutineDefinition;

/**
 * Gives functions and procedures names that depend on nothing but themselves, so that generated
 * code does not change when an overload comes or goes. To be named in the configuration of jOOQ's
 * code generator, under {@code <strategy><name>}; everything else has the names that jOOQ gives it.
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
 * <p>Where two overloads have the same number of parameters, Java cannot tell their methods for
 * {@code Field} apart, so these have the types in their names as well.
 *
 * <p>Thread-safe if it is not configured meanwhile, as all strategies are.
 */
public class PgHelloGeneratorStrategy extends DefaultGeneratorStrategy {
  /** Creates it; jOOQ does this. */
  public PgHelloGeneratorStrategy() {}

  /** Returns nothing for a routine, whose number among its overloads says nothing. */
  @Override
  public String getOverloadSuffix(Definition definition, Mode mode, String overloadIndex) {
    return definition instanceof RoutineDefinition
        ? ""
        : super.getOverloadSuffix(definition, mode, overloadIndex);
  }

  /** Returns jOOQ's name, with the types of a routine that Java cannot tell from an overload. */
  @Override
  public String getJavaMethodName(Definition definition, Mode mode) {
    String name = super.getJavaMethodName(definition, mode);
    return definition instanceof RoutineDefinition routine && isAmbiguous(routine)
        ? name + types(routine)
        : name;
  }

  /** Returns jOOQ's name for all but routines, which get their types. */
  @Override
  public String getJavaClassName(Definition definition, Mode mode) {
    String name = super.getJavaClassName(definition, mode);
    return definition instanceof RoutineDefinition routine ? name + types(routine) : name;
  }

  private static boolean isAmbiguous(RoutineDefinition routine) {
    int parameters = routine.getInParameters().size();
    return routine.getDatabase().getRoutines(routine.getSchema()).stream()
            .filter(other -> other.getName().equals(routine.getName()))
            .filter(other -> other.getInParameters().size() == parameters)
            .count()
        > 1;
  }

  private static String types(RoutineDefinition routine) {
    return RoutineKey.of(routine).types().stream()
        .map(PgHelloGeneratorStrategy::camelCase)
        .collect(Collectors.joining());
  }

  private static String camelCase(String type) {
    return Arrays.stream(type.split("[^\\p{Alnum}]+"))
        .filter(word -> !word.isEmpty())
        .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
        .collect(Collectors.joining());
  }
}
