// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jooq.Name;
import org.jooq.Record;
import org.jooq.SQLDialect;
import org.jooq.meta.DataTypeDefinition;
import org.jooq.meta.Database;
import org.jooq.meta.Definition;
import org.jooq.meta.ParameterDefinition;
import org.jooq.meta.RoutineDefinition;
import org.jooq.meta.TableDefinition;
import org.jooq.meta.postgres.PostgresDatabase;

/**
 * The identity of a routine in PostgreSQL.
 *
 * @param types the types of the input parameters
 */
record RoutineKey(String schema, String name, List<Type> types) {
  /**
   * The type of a parameter.
   *
   * @param name the name in {@code pg_type}; for an array, the name of the element type
   */
  record Type(String schema, String name, boolean array) {
    static Type of(ParameterDefinition parameter) {
      DataTypeDefinition type = parameter.getDefinedType();
      Name name = type.getQualifiedUserType();
      // databases other than PostgreSQL do not provide the name of every type
      return name == null || name.empty()
          ? new Type("", type.getType(), false)
          : new Type(
              name.qualified() ? String.valueOf(name.first()) : "",
              String.valueOf(name.last()),
              type.getType().toUpperCase(Locale.ROOT).endsWith(" ARRAY"));
    }

    /** Returns the type's name in camel case. */
    String camelCase() {
      return Arrays.stream(name.split("[^\\p{Alnum}]+"))
              .filter(word -> !word.isEmpty())
              .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
              .collect(joining())
          + (array ? "Array" : "");
    }
  }

  // For an array, this query returns the name of the element type, like jOOQ's query of the
  // information schema.
  private static final String VALUES =
      """
      SELECT n.nspname, p.proname, a.schemata, a.names, a.arrays, v.value
      FROM pg_catalog.pg_proc p
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
      CROSS JOIN LATERAL (
        SELECT coalesce(pg_catalog.array_agg(tn.nspname::pg_catalog.text ORDER BY u.position), '{}'),
          coalesce(pg_catalog.array_agg(CASE WHEN is_array
            THEN pg_catalog.substr(t.typname::pg_catalog.text, 2) ELSE t.typname::pg_catalog.text END
            ORDER BY u.position), '{}'),
          coalesce(pg_catalog.array_agg(is_array ORDER BY u.position), '{}')
        FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS u (type, position)
        JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) u.type
        JOIN pg_catalog.pg_namespace tn ON tn.oid OPERATOR(pg_catalog.=) t.typnamespace
        CROSS JOIN LATERAL (SELECT t.typelem OPERATOR(pg_catalog.<>) 0
          AND t.typlen OPERATOR(pg_catalog.=) -1) i (is_array)
      ) a (schemata, names, arrays)
      CROSS JOIN LATERAL (SELECT EXPRESSION) v (value)
      WHERE v.value IS NOT NULL
      """;

  /** Returns the key of a routine or of a table-valued function. */
  static RoutineKey of(Definition routine) {
    List<ParameterDefinition> parameters =
        routine instanceof TableDefinition table
            ? table.getParameters()
            : ((RoutineDefinition) routine).getInParameters();
    return new RoutineKey(
        routine.getSchema().getName(),
        routine.getName(),
        parameters.stream().map(Type::of).toList());
  }

  /**
   * Evaluates an expression for each routine of a PostgreSQL database, in one query. The result has
   * no entries for NULL values, and is empty for other databases.
   *
   * @param expression an expression of type text that refers to the routine's row {@code p} in
   *     {@code pg_proc}
   */
  static Map<RoutineKey, String> values(Database database, String expression) {
    return isServer(database)
        ? database.create().fetch(VALUES.replace("EXPRESSION", expression)).stream()
            .collect(toMap(RoutineKey::of, row -> row.get(5, String.class)))
        : Map.of();
  }

  /** Returns whether a database is a running PostgreSQL server instead of an XML description. */
  static boolean isServer(Database database) {
    return database instanceof PostgresDatabase
        && database.getDialect().family() == SQLDialect.POSTGRES;
  }

  /** Returns the parameter types in camel case. */
  String camelCaseTypes() {
    return types.stream().map(Type::camelCase).collect(joining());
  }

  private static RoutineKey of(Record row) {
    String[] schemata = row.get(2, String[].class);
    String[] names = row.get(3, String[].class);
    Boolean[] arrays = row.get(4, Boolean[].class);
    return new RoutineKey(
        row.get(0, String.class),
        row.get(1, String.class),
        IntStream.range(0, names.length)
            .mapToObj(i -> new Type(schemata[i], names[i], Objects.requireNonNull(arrays[i])))
            .toList());
  }
}
