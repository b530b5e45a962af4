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
 * Registers the functions of an extension for HQL and Criteria on PostgreSQL. A binding provides a
 * subclass with a constructor without parameters, and lists the subclass in {@code
 * META-INF/services/org.hibernate.boot.model.FunctionContributor}.
 *
 * <pre>{@code
 * public class AcmeGeoFunctions extends ExtensionFunctionContributor {
 *   public AcmeGeoFunctions() {
 *     super(AcmeGeo.EXTENSION);
 *   }
 * }
 * }</pre>
 *
 * <p>Parameter types are declared if Hibernate has an equivalent type. Arguments of the wrong type
 * therefore fail when Hibernate parses the query, before the server can abort the transaction, and
 * nulls are sent with their type.
 *
 * <p>Arguments of PostgreSQL's own types, and arrays of these types, are cast, so that a function
 * with the same name in the same schema cannot be called instead. Arguments are not cast if they
 * have one of the extension's own types, or if overloads with the same number of arguments have
 * different types at that position.
 *
 * <p><b>Do not let other roles create objects in the extension's schema.</b> If the installed
 * version of the extension lacks a function, and another role has created a function with the same
 * signature there, queries call the other role's function.
 *
 * <p>The following functions are not registered:
 *
 * <ul>
 *   <li>Functions with a result type for which Hibernate has no basic type, for example an array or
 *       an extension type.
 *   <li>Functions with overloads that have different result types.
 *   <li>Functions with names that are already registered by Hibernate, one of its modules, or the
 *       application. For example, hibernate-vector's distances remain operators, which can use an
 *       index.
 * </ul>
 */
public abstract class ExtensionFunctionContributor implements FunctionContributor {
  // The ordinals of Hibernate's own contributors start at 0, and the ordinals of libraries at 500.
  // Applications use 1000, so an application can replace these functions.
  private static final int ORDINAL = 600;

  /** Placeholder for argument types that differ between overloads. */
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
   * Types with SQL names that are keywords. No schema can contain another type with such a name, so
   * the name needs no qualification, and drivers that parse SQL accept it.
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
   * Creates a contributor for functions in the schema that the setting {@link
   * ExtensionSettings#schemaOf} specifies.
   *
   * @param extension the extension that contains the functions
   */
  protected ExtensionFunctionContributor(ExtensionDescription extension) {
    this(extension, ExtensionSettings.schemaOf(extension.name()));
  }

  /**
   * Creates a contributor.
   *
   * @param extension the extension that contains the functions
   * @param schemaSetting the name of the setting for the schema of the functions
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
    // the registered function may be better than a plain call, for example an operator that can use
    // an index
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
    // indexed by the number of arguments
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
    // if no overload has this number of arguments, an overload with fewer arguments rejects the
    // call
    for (int i = 1; i <= most; i++) {
      patterns[i] = patterns[i] == null ? patterns[i - 1] : patterns[i];
    }
    functions.register(
        name, new MultipatternSqmFunctionDescriptor(name, patterns, result, types, parameters));
  }

  /**
   * Returns the argument types for each number of arguments; {@link #ANY} if overloads with the
   * same number of arguments differ.
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
   * Returns the pattern of a call. Without casts, PostgreSQL would select a function by the types
   * of the bound values, and a role that may create objects in the schema could provide a better
   * match.
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
