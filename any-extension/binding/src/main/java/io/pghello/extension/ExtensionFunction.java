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
 * A function of an extension, as its script declares it. Immutable.
 *
 * @param name its name, without a schema: a lower-case letter or {@code _}, then such letters,
 *     digits, and {@code _}
 * @param argumentTypes the types of its arguments in SQL's words, without a schema, as in {@code
 *     double precision}, {@code text[]} or {@code vector}; an array for {@code VARIADIC}
 * @param resultType the type of its result, in the same words
 * @param since the version of the extension that it came with, which begins with a number; null if
 *     all have it
 * @param volatility what it is declared as; null if that does not matter
 */
public record ExtensionFunction(
    String name,
    List<String> argumentTypes,
    String resultType,
    @Nullable String since,
    @Nullable Volatility volatility) {

  /** The dependencies of a function's result, as PostgreSQL has them. */
  public enum Volatility {
    /** On the arguments alone. */
    IMMUTABLE,
    /** On the arguments and the database, within one statement. */
    STABLE,
    /** On anything, or it has side effects. */
    VOLATILE
  }

  private static final Pattern SIGNATURE =
      Pattern.compile("\\s*([a-z_][a-z0-9_]*)\\s*\\((.*)\\)\\s*");
  private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]*");
  private static final Pattern TYPE = Pattern.compile("[a-z_][a-z0-9_]*( [a-z]+)*(\\[])?");

  /** Types of PostgreSQL's own, but for pseudo-types. */
  private static final Set<String> BUILT_IN =
      Set.of(
          ("aclitem bit bool box bpchar bytea cid cidr circle date datemultirange daterange float4"
                  + " float8 gtsvector inet int2 int2vector int4 int4multirange int4range int8"
                  + " int8multirange int8range interval json jsonb jsonpath line lseg macaddr"
                  + " macaddr8 money name numeric nummultirange numrange oid oidvector path pg_lsn"
                  + " pg_snapshot point polygon refcursor regclass regcollation regconfig"
                  + " regdictionary regnamespace regoper regoperator regproc regprocedure regrole"
                  + " regtype text tid time timestamp timestamptz timetz tsmultirange tsquery tsrange"
                  + " tstzmultirange tstzrange tsvector txid_snapshot uuid varbit varchar xid xid8 xml")
              .split(" "));

  // what the catalog calls types that have a name of SQL's
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

  /** Checks the names, and copies the types. */
  public ExtensionFunction {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "The name of a function is \"" + name + "\"; it must be small letters, digits and _.");
    }
    if (since != null) {
      ExtensionDescription.checkVersion(since);
    }
    argumentTypes = argumentTypes.stream().map(ExtensionFunction::type).toList();
    resultType = type(resultType);
  }

  /**
   * Returns the function with this signature.
   *
   * @param signature its name and the types of its arguments, as in {@code l2_distance(vector,
   *     vector)}
   * @param resultType the type of its result, as in {@code double precision}
   * @throws IllegalArgumentException if either is none
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
          "A type is \""
              + type
              + "\"; it must be a name without a schema, perhaps with [], and without the name of"
              + " the argument.");
    }
    return words;
  }

  /** Returns the same function, which came with this version of the extension. */
  public ExtensionFunction withSince(String version) {
    return new ExtensionFunction(name, argumentTypes, resultType, version, volatility);
  }

  /** Returns the same function, which is another build's if it is declared otherwise. */
  public ExtensionFunction withVolatility(Volatility declared) {
    return new ExtensionFunction(name, argumentTypes, resultType, since, declared);
  }

  /** Returns the name with the types of the arguments, as in {@code pg_hello(text,integer)}. */
  public String signature() {
    return name + '(' + String.join(",", argumentTypes) + ')';
  }

  /** Returns the name and the types of the arguments, as the catalog has them. */
  List<String> catalogKey() {
    String[] key = new String[argumentTypes.size() + 1];
    key[0] = name;
    for (int i = 1; i < key.length; i++) {
      key[i] = catalogName(argumentTypes.get(i - 1));
    }
    return List.of(key);
  }

  /**
   * Returns whether a type, or that of an array's elements, is PostgreSQL's own, so that its schema
   * is {@code pg_catalog}.
   *
   * @param type in SQL's words, as in {@code integer[]}
   */
  public static boolean isBuiltIn(String type) {
    return BUILT_IN.contains(catalogName(type).replace("[]", ""));
  }

  /**
   * Returns what the catalog calls a type ({@code pg_type.typname}), with {@code []} behind the
   * type of an array's elements.
   *
   * @param type in SQL's words, as in {@code integer[]}
   */
  public static String catalogName(String type) {
    String element = type.endsWith("[]") ? type.substring(0, type.length() - 2) : type;
    return CATALOG_NAMES.getOrDefault(element, element) + type.substring(element.length());
  }
}
