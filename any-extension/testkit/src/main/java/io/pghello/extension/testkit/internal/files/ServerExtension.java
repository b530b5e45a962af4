// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An extension for use on a server.
 *
 * @param name the name of the extension, without quotes
 * @param source the source of the extension's files
 * @param preload the libraries for {@code shared_preload_libraries}
 * @param settings the server settings that the extension needs
 * @param created whether the extension is created in the databases
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

  /** Returns an extension that comes with the server. */
  public static ServerExtension ofServer(String name) {
    return of(requireName(name), new NoFiles());
  }

  /**
   * The source of an extension that comes with the server. It returns no files, because the server
   * already has them.
   */
  private record NoFiles() implements ExtensionSource {
    @Override
    public Map<String, byte[]> files(String platform, int major) {
      return Map.of();
    }

    @Override
    public Optional<String> identity() {
      return Optional.of("");
    }
  }

  /** Returns an extension that was installed into a directory. */
  public static ServerExtension of(InstalledExtension found) {
    return of(found.name(), found);
  }

  private static ServerExtension of(String name, ExtensionSource source) {
    return new ServerExtension(name, source, List.of(), Map.of(), true);
  }

  /** Returns a copy that uses the server's own files. */
  public ServerExtension withServerFiles() {
    return new ServerExtension(name, new NoFiles(), preload, settings, created);
  }

  /** Returns a copy that is not created in the databases. */
  public ServerExtension withoutCreate() {
    return new ServerExtension(name, source, preload, settings, false);
  }

  /**
   * Returns the name if it is a valid extension name. PostgreSQL restricts these names, because it
   * uses them as file names.
   *
   * @throws IllegalArgumentException if the name is invalid
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
              + "\": a name has 1 to "
              + MAX_NAME_BYTES
              + " bytes, does not contain / \\ or --, does not begin with - or ., and does not end"
              + " with -");
    }
    return name;
  }
}
