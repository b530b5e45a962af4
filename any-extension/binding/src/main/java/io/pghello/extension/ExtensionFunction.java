// SPDX-License-Identifier: MIT
package io.pghello.extension;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A function of an extension, as declared in the extension's script. Create it with {@link #of},
 * and add it to an {@link ExtensionDescription}.
 *
 * <p>Immutable.
 *
 * @param name the function's name without a schema: lower-case letters, digits and {@code _}, not
 *     beginning with a digit
 * @param argumentTypes the SQL names of the argument types, without a schema, for example {@code
 *     double precision}, {@code text[]} or {@code vector}; an array type for a {@code VARIADIC}
 *     parameter
 * @param resultType the SQL name of the result type
 * @param since the first version of the extension that has this function; must begin with a number;
 *     null if all versions have the function
 * @param volatility the declared volatility; null if it is not checked
 */
public record ExtensionFunction(
    String name,
    List<String> argumentTypes,
    String resultType,
    @Nullable String since,
    @Nullable Volatility volatility) {

  /** The volatility of a function, as defined by PostgreSQL. */
  public enum Volatility {
    /** The result depends only on the arguments. */
    IMMUTABLE,
    /** Within one statement, the result depends only on the arguments and the database. */
    STABLE,
    /** The result can change at any time, or the function has side effects. */
    VOLATILE
  }

  private static final Pattern SIGNATURE =
      Pattern.compile("\\s*([a-z_][a-z0-9_]*)\\s*\\((.*)\\)\\s*");
  private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]*");
  private static final Pattern TYPE = Pattern.compile("[a-z_][a-z0-9_]*( [a-z]+)*(\\[])?");

  /** PostgreSQL's built-in types except pseudo-types. */
  private static final Set<String> BUILT_IN =
      Set.of(
          ("aclitem bit bool box bpchar bytea cid cidr circle date datemultirange daterange float4"
                  + " float8 gtsvector inet int2 int2vector int4 int4multirange int4range int8"
                  + " int8multirange int8range interval json jsonb jsonpath line lseg macaddr"
                  + " macaddr8 money name numeric nummultirange numrange oid oid8 oidvector path"
                  + " pg_lsn pg_snapshot point polygon refcursor regclass regcollation regconfig"
                  + " regdatabase regdictionary regnamespace regoper regoperator regproc regprocedure regrole"
                  + " regtype text tid time timestamp timestamptz timetz tsmultirange tsquery tsrange"
                  + " tstzmultirange tstzrange tsvector txid_snapshot uuid varbit varchar xid xid8 xml")
              .split(" "));

  // SQL names of types and their names in the catalog
  private static final Map<String, String> CATALOG_NAMES =
      Map.ofEntries(
          Map.entry("bigint", "int8"),
          Map.entry("bit varying", "varbit"),
          Map.entry("boolean", "bool"),
          Map.entry("char", "bpchar"),
          Map.entry("character", "bpchar"),
          Map.entry("character varying", "varchar"),
          Map.entry("dec", "numeric"),
          Map.entry("decimal", "numeric"),
          Map.entry("double precision", "float8"),
          Map.entry("float", "float8"),
          Map.entry("int", "int4"),
          Map.entry("integer", "int4"),
          Map.entry("real", "float4"),
          Map.entry("smallint", "int2"),
          Map.entry("time with time zone", "timetz"),
          Map.entry("time without time zone", "time"),
          Map.entry("timestamp with time zone", "timestamptz"),
          Map.entry("timestamp without time zone", "timestamp"));

  /** Validates the names and copies the types. */
  public ExtensionFunction {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "The name of a function is \""
              + name
              + "\"; it must be lower-case letters, digits and _.");
    }
    if (since != null) {
      ExtensionDescription.checkVersion(since);
    }
    argumentTypes = argumentTypes.stream().map(ExtensionFunction::type).toList();
    resultType = type(resultType);
  }

  /**
   * Creates a function from its signature.
   *
   * @param signature the name and the argument types, for example {@code l2_distance(vector,
   *     vector)}
   * @param resultType the result type, for example {@code double precision}
   * @throws IllegalArgumentException if the signature or the result type is invalid
   */
  public static ExtensionFunction of(String signature, String resultType) {
    Matcher matcher = SIGNATURE.matcher(signature);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "The signature of a function is \"" + signature + "\"; it must be NAME(TYPE, ...).");
    }
    String types = matcher.group(2).strip();
    return new ExtensionFunction(
        matcher.group(1),
        types.isEmpty() ? List.of() : Arrays.asList(types.split(",", -1)),
        resultType,
        null,
        null);
  }

  private static String type(String type) {
    String words = type.strip().toLowerCase(Locale.ROOT).replaceAll("\\s+", " ");
    String element = words.replace("[]", "");
    if (!TYPE.matcher(words).matches()
        || (element.contains(" ") && !CATALOG_NAMES.containsKey(element))) {
      throw new IllegalArgumentException(
          "The type of an argument or result is \""
              + type
              + "\"; it must be a type name without a schema and without an argument name,"
              + " optionally followed by [].");
    }
    return words;
  }

  /** Returns a copy with the given version as the first version that has the function. */
  public ExtensionFunction withSince(String version) {
    return new ExtensionFunction(name, argumentTypes, resultType, version, volatility);
  }

  /**
   * Returns a copy with the expected volatility. If the function has a different volatility in the
   * database, the extension is reported as a different build.
   */
  public ExtensionFunction withVolatility(Volatility declared) {
    return new ExtensionFunction(name, argumentTypes, resultType, since, declared);
  }

  /** Returns the name and the argument types, for example {@code pg_hello(text,integer)}. */
  public String signature() {
    return name + '(' + String.join(",", argumentTypes) + ')';
  }

  /** Returns the function's name, followed by the catalog names of its argument types. */
  List<String> catalogKey() {
    String[] key = new String[argumentTypes.size() + 1];
    key[0] = name;
    for (int i = 1; i < key.length; i++) {
      key[i] = catalogName(argumentTypes.get(i - 1));
    }
    return List.of(key);
  }

  /**
   * Returns whether a type, or an array's element type, is built into PostgreSQL, and is therefore
   * in the schema {@code pg_catalog}.
   *
   * @param type the SQL name, for example {@code integer[]}
   */
  public static boolean isBuiltIn(String type) {
    return BUILT_IN.contains(catalogName(type).replace("[]", ""));
  }

  /**
   * Returns the catalog name of a type ({@code pg_type.typname}). For an array: the name of the
   * element type, followed by {@code []}.
   *
   * @param type the SQL name, for example {@code integer[]}
   */
  public static String catalogName(String type) {
    String element = type.endsWith("[]") ? type.substring(0, type.length() - 2) : type;
    return CATALOG_NAMES.getOrDefault(element, element) + type.substring(element.length());
  }
}
