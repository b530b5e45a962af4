// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import io.pghello.jooq.internal.ExtensionRoutine;
import org.jooq.meta.Definition;
import org.jooq.meta.RoutineDefinition;

/** Names the routines that this library ships as those of users, and gives them a superclass. */
public class RoutinesStrategy extends PgHelloGeneratorStrategy {
  @Override
  public String getJavaClassExtends(Definition definition, Mode mode) {
    return definition instanceof RoutineDefinition
        ? ExtensionRoutine.class.getName()
        : super.getJavaClassExtends(definition, mode);
  }
}
