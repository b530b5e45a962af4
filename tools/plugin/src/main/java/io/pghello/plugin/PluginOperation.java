// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/**
 * An operation, as listed by {@link PostgresPlugin#operations()}.
 *
 * @param name the name, e.g. {@code batchInsert}
 * @param description a one-sentence description
 * @param writes whether the operation is rejected on a read-only connection; other operations, such
 *     as {@code transaction}, can still contain statements that write if the connection allows
 *     writes
 * @param needsSql whether the operation accepts SQL, and therefore requires the permission {@code
 *     sql}
 * @param parameters the JSON schema of the operation's parameters
 * @param result the JSON schema of the operation's result
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

  /**
   * Returns a sentence with the reason why permissions do not allow this operation. Empty if they
   * allow it. The plugin rejects a call for the same reason.
   */
  public Optional<String> rejection(Permissions permissions) {
    if (permissions.operations() != null && !permissions.operations().contains(name)) {
      return Optional.of("This operation is not allowed on the connection.");
    }
    if (writes && permissions.readOnly()) {
      return Optional.of("The connection is read-only.");
    }
    return needsSql && !permissions.sql()
        ? Optional.of("The connection does not accept SQL.")
        : Optional.empty();
  }

  /** Returns a copy of the JSON schema of the operation's parameters. */
  @Override
  public ObjectNode parameters() {
    return parameters.deepCopy();
  }

  /** Returns a copy of the JSON schema of the operation's result. */
  @Override
  public ObjectNode result() {
    return result.deepCopy();
  }
}
