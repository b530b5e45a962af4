// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * An operation, as listed by {@link PostgresPlugin#operations()}.
 *
 * @param name the name, e.g. {@code batchInsert}
 * @param description a one-sentence description
 * @param writes whether it is rejected on a read-only connection; other operations, such as {@code
 *     transaction}, can contain statements that write if the connection allows it
 * @param needsSql whether it takes SQL, which requires that permission
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
