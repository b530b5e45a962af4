// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * An operation, as {@link PostgresPlugin#operations()} lists them.
 *
 * @param name as in {@code batchInsert}
 * @param description what it does, in a sentence
 * @param writes whether it is refused on a connection that only reads; statements of the others, as
 *     those of {@code transaction}, may write where the connection may
 * @param needsSql whether it takes SQL, and so needs that permission
 * @param parameters the JSON schema of its parameters
 * @param result the JSON schema of its result
 */
public record PluginOperation(
    String name,
    String description,
    boolean writes,
    boolean needsSql,
    ObjectNode parameters,
    ObjectNode result) {
  /** Copies the schemas. */
  public PluginOperation {
    parameters = parameters.deepCopy();
    result = result.deepCopy();
  }

  /** Returns a copy of the JSON schema of its parameters. */
  @Override
  public ObjectNode parameters() {
    return parameters.deepCopy();
  }

  /** Returns a copy of the JSON schema of its result. */
  @Override
  public ObjectNode result() {
    return result.deepCopy();
  }
}
