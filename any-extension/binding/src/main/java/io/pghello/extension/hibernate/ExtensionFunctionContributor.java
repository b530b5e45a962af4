// SPDX-License-Identifier: MIT
package io.pghello.extension.hibernate;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toMap;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.hibernate.boot.model.FunctionContributions;
import org.hibernate.boot.model.FunctionContributor;
import org.hibernate.dialect.PostgreSQLDialect;
import org.hibernate.query.sqm.function.MultipatternSqmFunctionDescriptor;
import org.hibernate.query.sqm.function.SqmFunctionDescriptor;
import org.hibernate.query.sqm.function.SqmFunctionRegistry;
import org.hibernate.query.sqm.produce.function.FunctionParameterType;
import org.hibernate.type.BasicType;
import org.hibernate.type.BasicTypeReference;
import org.hibernate.type.StandardBasicTypes;
import org.hibernate.type.spi.TypeConfiguration;

/**
 * Registers the functions of an extension for HQL and Criteria, on PostgreSQL. A binding extends it
 * by a class that has a constructor without parameters, and names that in {@code
 * META-INF/services/org.hibernate.boot.model.FunctionContributor}.
 *
 * <p>The types of the parameters are declared, those that Hibernate has a word for. So a wrong
 * argument fails when the query is parsed, not in the transaction, and a null is sent with its
 * type. Arguments of PostgreSQL's own types, and arrays of them, are cast, so that no other
 * function is called that has the same name in the same schema. An argument of one of the
 * extension's own types is not cast, nor is one in which overloads with as many arguments differ.
 * And where an older version of the extension lacks a function, one of that signature that somebody
 * has put there is called. So keep others from creating in its schema.
 *
 * <p>What is left out: functions whose result is of a type that Hibernate has no basic type for, as
 * an array or one of the extension's own, or whose overloads have results of different types; and
 * those of a name that Hibernate, a module of its or the program has registered, which stay as they
 * are. So hibernate-vector's distances stay operators, which use an index.
 */
public abstract class ExtensionFunctionContributor implements FunctionContributor {
  // Hibernate's own come from 0 on, libraries' from 500, and users' at 1000, which may replace
  // these.
  private static final int ORDINAL = 600;

  /** Stands for types that differ. */
  private static final String ANY = "any";

  private static final Map<String, BasicTypeReference<?>> RESULTS =
      Map.ofEntries(
          Map.entry("bool", StandardBasicTypes.BOOLEAN),
          Map.entry("bytea", StandardBasicTypes.BINARY),
          Map.entry("date", StandardBasicTypes.LOCAL_DATE),
          Map.entry("float4", StandardBasicTypes.FLOAT),
          Map.entry("float8", StandardBasicTypes.DOUBLE),
          Map.entry("int2", StandardBasicTypes.SHORT),
          Map.entry("int4", StandardBasicTypes.INTEGER),
          Map.entry("int8", StandardBasicTypes.LONG),
          Map.entry("numeric", StandardBasicTypes.BIG_DECIMAL),
          Map.entry("text", StandardBasicTypes.STRING),
          Map.entry("time", StandardBasicTypes.LOCAL_TIME),
          Map.entry("timestamp", StandardBasicTypes.LOCAL_DATE_TIME),
          Map.entry("timestamptz", StandardBasicTypes.OFFSET_DATE_TIME),
          Map.entry("uuid", StandardBasicTypes.UUID),
          Map.entry("varchar", StandardBasicTypes.STRING));

  /**
   * Types that SQL names by keywords of its own, which no schema can have another of. There is no
   * more need of a schema then, and drivers that read SQL themselves take it.
   */
  private static final Map<String, String> KEYWORDS =
      Map.of(
          "bool", "boolean",
          "float4", "real",
          "float8", "double precision",
          "int2", "smallint",
          "int4", "integer",
          "int8", "bigint");

  private static final Map<String, FunctionParameterType> PARAMETERS =
      Map.ofEntries(
          Map.entry("bool", FunctionParameterType.BOOLEAN),
          Map.entry("date", FunctionParameterType.DATE),
          Map.entry("float4", FunctionParameterType.NUMERIC),
          Map.entry("float8", FunctionParameterType.NUMERIC),
          Map.entry("int2", FunctionParameterType.INTEGER),
          Map.entry("int4", FunctionParameterType.INTEGER),
          Map.entry("int8", FunctionParameterType.INTEGER),
          Map.entry("numeric", FunctionParameterType.NUMERIC),
          Map.entry("text", FunctionParameterType.STRING),
          Map.entry("varchar", FunctionParameterType.STRING));

  private final ExtensionDescription extension;
  private final String schemaSetting;

  /**
   * Creates it, for functions in the schema that {@link ExtensionSettings#schemaOf} names.
   *
   * @param extension what they belong to
   */
  protected ExtensionFunctionContributor(ExtensionDescription extension) {
    this(extension, ExtensionSettings.schemaOf(extension.name()));
  }

  /**
   * Creates it.
   *
   * @param extension what the functions belong to
   * @param schemaSetting the name of the setting that names their schema
   */
  protected ExtensionFunctionContributor(ExtensionDescription extension, String schemaSetting) {
    this.extension = extension;
    this.schemaSetting = schemaSetting;
  }

  @Override
  public int ordinal() {
    return ORDINAL;
  }

  @Override
  public void contributeFunctions(FunctionContributions contributions) {
    if (!(contributions.getDialect() instanceof PostgreSQLDialect)) {
      return;
    }
    String schema = ExtensionSettings.schema(contributions.getServiceRegistry(), schemaSetting);
    String prefix = schema == null ? "" : ExtensionSettings.quoted(schema) + ".";
    extension.functions().stream()
        .collect(groupingBy(ExtensionFunction::name, LinkedHashMap::new, toList()))
        .forEach((name, overloads) -> register(contributions, prefix, name, overloads));
  }

  private static void register(
      FunctionContributions contributions,
      String prefix,
      String name,
      List<ExtensionFunction> overloads) {
    SqmFunctionRegistry functions = contributions.getFunctionRegistry();
    // which may be more than a call, as an operator that uses an index
    if (functions.findFunctionDescriptor(name) != null) {
      return;
    }
    List<String> results =
        overloads.stream()
            .map(overload -> ExtensionFunction.catalogName(overload.resultType()))
            .distinct()
            .toList();
    BasicTypeReference<?> reference = RESULTS.get(results.get(0));
    if (results.size() > 1 || reference == null) {
      return;
    }
    TypeConfiguration types = contributions.getTypeConfiguration();
    BasicType<?> result = types.getBasicTypeRegistry().resolve(reference);
    int most = overloads.stream().mapToInt(each -> each.argumentTypes().size()).max().orElse(0);
    // by the number of arguments
    var patterns = new SqmFunctionDescriptor[most + 1];
    var parameters = new FunctionParameterType[most];
    for (List<String> arguments : byNumber(overloads)) {
      for (int i = 0; i < arguments.size(); i++) {
        FunctionParameterType parameter = parameter(arguments.get(i));
        parameters[i] =
            parameters[i] == null || parameters[i] == parameter
                ? parameter
                : FunctionParameterType.ANY;
      }
      patterns[arguments.size()] =
          functions
              .patternDescriptorBuilder(name, prefix + pattern(name, arguments))
              .setInvariantType(result)
              .setExactArgumentCount(arguments.size())
              .setParameterTypes(
                  arguments.stream()
                      .map(ExtensionFunctionContributor::parameter)
                      .toArray(FunctionParameterType[]::new))
              .descriptor();
    }
    // a number of arguments that none has is refused by the one before
    for (int i = 1; i <= most; i++) {
      patterns[i] = patterns[i] == null ? patterns[i - 1] : patterns[i];
    }
    functions.register(
        name, new MultipatternSqmFunctionDescriptor(name, patterns, result, types, parameters));
  }

  /**
   * Returns the types of the arguments for each number of arguments; {@link #ANY} where overloads
   * with as many differ.
   */
  private static Collection<List<String>> byNumber(List<ExtensionFunction> overloads) {
    return overloads.stream()
        .map(ExtensionFunction::argumentTypes)
        .collect(
            toMap(
                List::size,
                types -> types,
                (some, others) ->
                    IntStream.range(0, some.size())
                        .mapToObj(i -> some.get(i).equals(others.get(i)) ? some.get(i) : ANY)
                        .toList()))
        .values();
  }

  private static FunctionParameterType parameter(String type) {
    return PARAMETERS.getOrDefault(ExtensionFunction.catalogName(type), FunctionParameterType.ANY);
  }

  /**
   * Returns the call. Without casts PostgreSQL would choose a function by the types that are bound,
   * and somebody who may create in the schema could have put a better one there.
   */
  static String pattern(String name, List<String> types) {
    return IntStream.rangeClosed(1, types.size())
        .mapToObj(
            i -> {
              if (!ExtensionFunction.isBuiltIn(types.get(i - 1))) {
                return "?" + i;
              }
              String type = ExtensionFunction.catalogName(types.get(i - 1));
              String element = type.replace("[]", "");
              String keyword = KEYWORDS.get(element);
              return "cast(?%d as %s)"
                  .formatted(
                      i, keyword == null ? "pg_catalog." + type : type.replace(element, keyword));
            })
        .collect(joining(",", name + "(", ")"));
  }
}
