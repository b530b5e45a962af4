// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.nio.charset.StandardCharsets;
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
  private static final int MAX_NAME_BYTES = 63;

  /** Copies the collections. */
  public ServerExtension {
    preload = List.copyOf(preload);
    settings = Map.copyOf(settings);
  }

  /** Returns one that the server has itself. */
  public static ServerExtension ofServer(String name) {
    return of(requireName(name), (platform, major) -> Map.of());
  }

  /** Returns the extension from the class path, otherwise from the server. */
  public static ServerExtension named(String name) {
    return ClassPathExtension.find(requireName(name))
        .map(ClassPathExtension::toServerExtension)
        .orElseGet(() -> ofServer(name));
  }

  /** Returns one that was installed into a folder. */
  public static ServerExtension of(InstalledExtension found) {
    return of(found.name(), found);
  }

  private static ServerExtension of(String name, ExtensionSource source) {
    return new ServerExtension(name, source, List.of(), Map.of(), true);
  }

  /**
   * Returns a name if it is a valid extension name according to PostgreSQL, which uses it as a file
   * name.
   *
   * @throws IllegalArgumentException if none can
   */
  public static String requireName(String name) {
    if (name.isEmpty()
        || name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES
        || name.startsWith("-")
        || name.endsWith("-")
        || name.contains("--")
        || name.startsWith(".")
        || name.chars().anyMatch(c -> c == '/' || c == '\\' || c < ' ')) {
      throw new IllegalArgumentException(
          "No extension can have the name \""
              + name
              + "\": it needs 1 to "
              + MAX_NAME_BYTES
              + " bytes without / \\ -- or a dash at either end");
    }
    return name;
  }
}
