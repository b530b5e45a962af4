// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.util.List;

/**
 * The names used on a server, and the extensions of its template database.
 *
 * @param prefix the name of the ordinary role, and the prefix of its databases' names
 * @param application the {@code application_name} of the testkit's own sessions
 * @param extensions the extensions to create in the template, in this order
 */
public record DatabaseNames(String prefix, String application, List<String> extensions) {
  /** Copies the list. */
  public DatabaseNames {
    extensions = List.copyOf(extensions);
  }

  /**
   * Returns the names for a server with the given extensions. Omits duplicates, and extensions that
   * are not created in databases.
   */
  public static DatabaseNames of(
      String prefix, String application, List<ServerExtension> extensions) {
    return new DatabaseNames(
        prefix,
        application,
        extensions.stream()
            .filter(ServerExtension::created)
            .map(ServerExtension::name)
            .distinct()
            .toList());
  }

  /** Returns a copy with another prefix. */
  DatabaseNames withPrefix(String other) {
    return new DatabaseNames(other, application, extensions);
  }
}
