// SPDX-License-Identifier: MIT
package io.pghello.extension.batching;

import static java.util.stream.Collectors.joining;

import io.pghello.extension.ExtensionFunction;
import java.util.Objects;

/**
 * A function of an extension, and the SQL that calls it. Use {@link #of} unless the SQL needs other
 * casts or default arguments.
 *
 * <p>Create one instance per function and reuse it, e.g. as a constant or in an enum: clients cache
 * the statements by instance.
 */
public interface ServerFunction {
  /**
   * Returns a function that is called with one parameter per argument. Parameters of PostgreSQL's
   * built-in types are cast to the declared types.
   */
  static ServerFunction of(ExtensionFunction description) {
    Objects.requireNonNull(description, "description");
    return new ServerFunction() {
      @Override
      public ExtensionFunction description() {
        return description;
      }

      // casts are added, because otherwise another role's overload could be a better match
      @Override
      public String expressionIn(String schema) {
        return description.argumentTypes().stream()
            .map(
                type ->
                    ExtensionFunction.isBuiltIn(type)
                        ? "?::pg_catalog." + ExtensionFunction.catalogName(type)
                        : "?")
            .collect(joining(", ", schema + "." + description.name() + "(", ")"));
      }
    };
  }

  /** Returns the function's description, as declared in the extension's script. */
  ExtensionFunction description();

  /** Returns the function's name and argument types, e.g. {@code acme_length(text[])}. */
  default String signature() {
    return description().signature();
  }

  /**
   * Returns whether a result repeats the arguments, so that it can be matched to its request
   * without the signature. False by default.
   */
  default boolean repeatsArguments() {
    return false;
  }

  /**
   * Returns an SQL expression that calls the function, with parameters for the arguments.
   *
   * @param schema the extension's schema, quoted if necessary
   */
  String expressionIn(String schema);

  /**
   * Returns a statement that calls the function, with parameters for the arguments. The column
   * {@link #column} contains the return value. If the value cannot be matched to its request, the
   * first column contains the signature, so that the client can detect that a pooler made the
   * server run another statement.
   *
   * @param schema the extension's schema, quoted if necessary
   */
  default String callIn(String schema) {
    String signature = repeatsArguments() ? "" : "'" + signature() + "', ";
    return "SELECT " + signature + expressionIn(schema);
  }

  /** Returns the column of the statement's result that contains the return value: 1 or 2. */
  default int column() {
    return repeatsArguments() ? 1 : 2;
  }
}
