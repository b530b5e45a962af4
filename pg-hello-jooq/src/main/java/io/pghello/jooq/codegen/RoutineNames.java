// SPDX-License-Identifier: MIT
package io.pghello.jooq.codegen;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.lang.model.SourceVersion;
import org.jooq.meta.Database;
import org.jooq.meta.Definition;
import org.jooq.meta.RoutineDefinition;
import org.jooq.meta.SchemaDefinition;
import org.jooq.meta.TableDefinition;
import org.jooq.tools.StringUtils;
import org.jspecify.annotations.Nullable;

/**
 * The Java names of the routines and table-valued functions of one schema. All method names are
 * distinct, and so are all class names and all constant names. The members of {@code pg_hello} and
 * of the extensions in {@link PgHelloGenerator#EXTENSIONS} are named first, so that other functions
 * cannot take their names.
 */
final class RoutineNames {
  private static final String MEMBER = "member";
  private static final String SET = "set";

  /**
   * An SQL expression for the kind of a routine, given the routine's row {@code p} in {@code
   * pg_proc}.
   */
  private static final String KIND =
      """
      CASE
        WHEN EXISTS (
          SELECT FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
          WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND d.objid OPERATOR(pg_catalog.=) p.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'
            AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
            AND e.extname OPERATOR(pg_catalog.=) {extensions})
        THEN 'member'
        WHEN p.proretset THEN 'set'
        ELSE '' END
      """;

  private static final String TABLES =
      """
      SELECT c.relname
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      WHERE n.nspname OPERATOR(pg_catalog.=) ?
        AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
      """;

  private final SchemaDefinition schema;
  private final Map<RoutineKey, String> kinds;
  private final Map<RoutineKey, String> classSuffixes;
  private @Nullable Map<Definition, String> methods;
  private @Nullable Map<Definition, String> identifiers;

  RoutineNames(SchemaDefinition schema) {
    this.schema = schema;
    Set<String> extensions = PgHelloGenerator.extensions(schema.getDatabase());
    extensions.add("pg_hello");
    kinds =
        RoutineKey.values(
            schema.getDatabase(), KIND.replace("{extensions}", PgHelloGenerator.anyOf(extensions)));
    kinds.keySet().removeIf(key -> !key.schema().equals(schema.getName()));
    classSuffixes = classSuffixes();
  }

  static boolean isRoutine(Definition definition) {
    return definition instanceof TableDefinition table
        ? table.isTableValuedFunction()
        : definition instanceof RoutineDefinition routine && routine.getPackage() == null;
  }

  /** Returns the suffix of a routine's class name. */
  String classSuffix(Definition routine) {
    RoutineKey key = RoutineKey.of(routine);
    return classSuffixes.getOrDefault(key, key.camelCaseTypes());
  }

  /**
   * Returns the name of a routine's method.
   *
   * @param plain a function that returns a method's name without considering conflicts
   */
  synchronized @Nullable String method(Definition routine, Function<Definition, String> plain) {
    if (methods == null) {
      List<Definition> all = new ArrayList<>();
      for (TableDefinition table : database().getTables(schema)) {
        if (isRoutine(table)) {
          all.add(table);
        }
      }
      Set<RoutineKey> functions = all.stream().map(RoutineKey::of).collect(Collectors.toSet());
      for (RoutineDefinition it : database().getRoutines(schema)) {
        // newer jOOQ versions list some functions in both collections
        if (!functions.contains(RoutineKey.of(it))) {
          all.add(it);
        }
      }
      methods =
          distinct(
              all,
              plain,
              (name, it) -> name + RoutineKey.of(it).camelCaseTypes(),
              // Java cannot distinguish Field<String> from Field<UUID>
              (name, it) -> name + "/" + RoutineKey.of(it).types().size());
    }
    return methods.get(routine);
  }

  /**
   * Returns the name of a table-valued function's constant.
   *
   * @param plain a function that returns a constant's name without considering conflicts
   */
  synchronized @Nullable String identifier(
      Definition function, Function<Definition, String> plain) {
    if (identifiers == null) {
      identifiers =
          distinct(
              List.copyOf(database().getTables(schema)),
              plain,
              (name, it) ->
                  name + "_" + RoutineKey.of(it).camelCaseTypes().toUpperCase(Locale.ROOT),
              (name, it) -> name);
    }
    return identifiers.get(function);
  }

  private Database database() {
    return schema.getDatabase();
  }

  /**
   * Returns the parameter types of each routine of the schema, with a number if two classes would
   * have the same name. All routines are considered, because jOOQ uses the names of the classes to
   * select the routines to be generated.
   */
  private Map<RoutineKey, String> classSuffixes() {
    Set<Object> tables =
        RoutineKey.isServer(database())
            ? database().create().fetch(TABLES, schema.getName()).stream()
                .map(row -> file(row.get(0, String.class), ""))
                .collect(Collectors.toSet())
            : Set.of();
    var suffixes = new HashMap<RoutineKey, String>();
    var taken = new HashSet<Object>();
    kinds.keySet().stream()
        .sorted(
            Comparator.comparing((RoutineKey it) -> !isMember(it))
                .thenComparing(RoutineKey::toString))
        .forEach(
            key -> {
              boolean table = SET.equals(kinds.get(key));
              String types = key.camelCaseTypes();
              String suffix = types;
              for (int i = 1;
                  (table && tables.contains(file(key.name(), suffix)))
                      || !taken.add(file(key.name(), suffix));
                  i++) {
                suffix = types + "_" + i;
              }
              suffixes.put(key, suffix);
            });
    return suffixes;
  }

  /**
   * Returns the name of a class file in the form used to compare names on a case-insensitive file
   * system.
   */
  private static String file(String name, String suffix) {
    // these are the characters that jOOQ replaces
    String separated = name.replace(' ', '_').replace('-', '_').replace('.', '_');
    return (StringUtils.toCamelCase(separated) + suffix).toLowerCase(Locale.ROOT);
  }

  private boolean isMember(RoutineKey key) {
    return MEMBER.equals(kinds.get(key));
  }

  /** The naming order of definitions. */
  private enum Priority {
    /** Tables, which always keep their names. */
    TABLE,
    MEMBER,
    OTHER
  }

  private Priority priority(Definition definition) {
    if (!isRoutine(definition)) {
      return Priority.TABLE;
    }
    return isMember(RoutineKey.of(definition)) ? Priority.MEMBER : Priority.OTHER;
  }

  /**
   * Returns a name for each definition. The keys of the names are distinct. A definition gets its
   * plain name if possible. If another definition of the same or a higher priority has a plain name
   * with the same key, the definition gets its longer name, with a number if the longer name is not
   * unique either.
   */
  private Map<Definition, String> distinct(
      List<Definition> all,
      Function<Definition, String> plainName,
      BiFunction<String, Definition, String> longer,
      BiFunction<String, Definition, String> key) {
    record Wish(Definition definition, Priority priority, String name, boolean plain) {}

    Map<String, List<Priority>> wanted =
        all.stream()
            .collect(
                Collectors.groupingBy(
                    it -> key.apply(identifier(plainName.apply(it)), it),
                    Collectors.mapping(this::priority, Collectors.toList())));
    var wishes = new ArrayList<Wish>();
    for (Definition it : all) {
      Priority priority = priority(it);
      String name = identifier(plainName.apply(it));
      long rivals =
          wanted.getOrDefault(key.apply(name, it), List.of()).stream()
              .filter(other -> other.compareTo(priority) <= 0)
              .count();
      boolean plain = priority == Priority.TABLE || rivals == 1;
      wishes.add(
          new Wish(it, priority, plain ? name : longer.apply(plainName.apply(it), it), plain));
    }
    wishes.sort(
        Comparator.comparing(Wish::priority)
            .thenComparing(wish -> !wish.plain)
            .thenComparing(wish -> RoutineKey.of(wish.definition).toString()));
    var names = new IdentityHashMap<Definition, String>();
    var taken = new HashSet<String>();
    for (Wish wish : wishes) {
      String name = wish.name;
      for (int i = 1; !taken.add(key.apply(name, wish.definition)); i++) {
        name = wish.name + "_" + i;
      }
      names.put(wish.definition, name);
    }
    return names;
  }

  /** Returns the name. If the name is a Java keyword, adds the same suffix as jOOQ. */
  private static String identifier(String name) {
    return SourceVersion.isKeyword(name) ? name + "_" : name;
  }
}
