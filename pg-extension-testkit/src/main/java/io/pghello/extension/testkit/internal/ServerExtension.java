// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.util.List;
import java.util.Map;

/**
 * An extension of a server.
 *
 * @param name as {@code CREATE EXTENSION} takes it
 * @param source has its files
 * @param preload libraries for {@code shared_preload_libraries}
 * @param settings that the server needs for it
 * @param created whether databases have it
 */
public record ServerExtension(
    String name,
    ExtensionSource source,
    List<String> preload,
    Map<String, String> settings,
    boolean created) {
  /** Copies the collections. */
  public ServerExtension {
    preload = List.copyOf(preload);
    settings = Map.copyOf(settings);
  }
}
