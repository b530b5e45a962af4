// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import java.util.List;
import java.util.Locale;
import org.jooq.meta.DataTypeDefinition;
import org.jooq.meta.ParameterDefinition;
import org.jooq.meta.RoutineDefinition;

/**
 * What tells a routine from all others, as PostgreSQL has it.
 *
 * @param types of the input parameters, by the names in {@code pg_type}, with {@code array} after
 *     that of an array's elements
 */
record RoutineKey(String schema, String name, List<String> types) {
  static RoutineKey of(RoutineDefinition routine) {
    return new RoutineKey(
        routine.getSchema().getName(),
        routine.getName(),
        routine.getInParameters().stream().map(RoutineKey::type).toList());
  }

  private static String type(ParameterDefinition parameter) {
    DataTypeDefinition type = parameter.getDefinedType();
    boolean array = type.getType().toUpperCase(Locale.ROOT).endsWith(" ARRAY");
    return type.getQualifiedUserType().last() + (array ? " array" : "");
  }
}
