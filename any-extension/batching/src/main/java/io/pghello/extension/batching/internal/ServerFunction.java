// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.ExtensionFunction;

/** A function of an extension that a client calls. */
public interface ServerFunction {
  /** Returns its description from the extension's script. */
  ExtensionFunction description();

  /** Returns the name with the types of its arguments. */
  default String signature() {
    return description().signature();
  }

  /** Returns whether a result repeats the arguments, so that it can be matched to its request. */
  boolean repeatsArguments();

  /**
   * Returns the call as an expression, with its parameters.
   *
   * @param schema the extension's, in quotes where SQL needs them
   */
  String expressionIn(String schema);

  /**
   * Returns the statement that calls it, with its parameters. The value is in the last column of
   * the answer. The preceding column contains the signature if the value cannot be matched to its
   * request: a pooler may have the server run another statement.
   */
  default String callIn(String schema) {
    String question = repeatsArguments() ? "" : "'" + signature() + "', ";
    return "SELECT " + question + expressionIn(schema);
  }
}
