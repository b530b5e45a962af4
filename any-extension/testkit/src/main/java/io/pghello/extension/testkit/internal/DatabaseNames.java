// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.util.List;

/**
 * The names of all that is created on a server, and the extensions of its template database.
 *
 * @param prefix the name of the ordinary role, which is also the prefix of its databases
 * @param application the {@code application_name} of the sessions that are kept
 * @param extensions the extensions of the template, in creation order
 */
public record DatabaseNames(String prefix, String application, List<String> extensions) {
  /** Copies the list. */
  public DatabaseNames {
    extensions = List.copyOf(extensions);
  }

  /** Returns the names for extensions. Each extension is created once, if databases have it. */
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

  /** Returns the same with another prefix. */
  DatabaseNames withPrefix(String other) {
    return new DatabaseNames(other, application, extensions);
  }
}
