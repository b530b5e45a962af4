// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import io.pghello.jooq.internal.ExtensionRoutine;
import org.jooq.meta.Definition;
import org.jooq.meta.RoutineDefinition;

/** Names this library's routines like a user's routines, and sets their superclass. */
public class RoutinesStrategy extends PgHelloGeneratorStrategy {
  @Override
  public String getJavaClassExtends(Definition definition, Mode mode) {
    return definition instanceof RoutineDefinition
        ? ExtensionRoutine.class.getName()
        : super.getJavaClassExtends(definition, mode);
  }
}
