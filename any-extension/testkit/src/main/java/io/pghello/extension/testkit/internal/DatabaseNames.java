// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.util.List;

/**
 * The names of all that is created on a server, and the extensions of its template database.
 *
 * @param prefix the name of the ordinary role, with which the names of its databases begin
 * @param application the {@code application_name} of the sessions that are kept
 * @param extensions what is created in the template, in this order
 */
public record DatabaseNames(String prefix, String application, List<String> extensions) {
  /** Copies the list. */
  public DatabaseNames {
    extensions = List.copyOf(extensions);
  }

  /** Returns those for extensions, of which each is created once, where databases have it. */
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
