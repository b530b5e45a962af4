// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal;

import io.pghello.extension.ExtensionFunction;

/** A function of an extension, as a client calls it. */
public interface ServerFunction {
  /** Returns what the extension's script says of it. */
  ExtensionFunction description();

  /** Returns the name with the types of its arguments. */
  default String signature() {
    return description().signature();
  }

  /** Returns whether an answer repeats the arguments, so that it shows what it answers. */
  boolean repeatsArguments();

  /**
   * Returns the call as an expression, with its parameters.
   *
   * @param schema the extension's, in quotes where SQL needs them
   */
  String expressionIn(String schema);

  /**
   * Returns the statement that calls it, with its parameters. The value is in the last column of
   * the answer. The signature is in the one before if the value does not show what it answers: a
   * pooler may have the server run another statement.
   */
  default String callIn(String schema) {
    String question = repeatsArguments() ? "" : "'" + signature() + "', ";
    return "SELECT " + question + expressionIn(schema);
  }
}
