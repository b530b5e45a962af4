// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The extensions and settings that tests need.
 *
 * @param extensions the extensions, in creation order
 * @param settings the server settings
 * @param schema the schema to create the extensions in; null for the default schema
 */
public record ServerRequirements(
    List<ServerExtension> extensions, Map<String, String> settings, @Nullable String schema) {
  /** Copies the collections. */
  public ServerRequirements {
    extensions = List.copyOf(extensions);
    settings = Map.copyOf(settings);
  }

  /** Returns the names to use on the server. */
  public DatabaseNames names() {
    return DatabaseNames.of(extensions, schema);
  }
}
