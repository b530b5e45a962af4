// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.ExtensionFunction;

/** A function of an extension that a client calls. */
public interface ServerFunction {
  /** Returns the function's description, as declared in the extension's script. */
  ExtensionFunction description();

  /** Returns the function's name and argument types. */
  default String signature() {
    return description().signature();
  }

  /**
   * Returns whether a result repeats the arguments, so that the client can match it to its request.
   */
  boolean repeatsArguments();

  /**
   * Returns an SQL expression that calls the function, with parameters for the arguments.
   *
   * @param schema the extension's schema, quoted if necessary
   */
  String expressionIn(String schema);

  /**
   * Returns a statement that calls the function, with parameters for the arguments. The function's
   * return value is in the last column of the result. If the value cannot be matched to its
   * request, the preceding column contains the signature, so that the client can detect that a
   * pooler made the server run another statement.
   */
  default String callIn(String schema) {
    String question = repeatsArguments() ? "" : "'" + signature() + "', ";
    return "SELECT " + question + expressionIn(schema);
  }
}
