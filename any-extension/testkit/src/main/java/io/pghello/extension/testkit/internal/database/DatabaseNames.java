// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import io.pghello.extension.testkit.internal.cache.Sha256;
import io.pghello.extension.testkit.internal.files.ServerExtension;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The names used on a server, and the extensions of its template database.
 *
 * @param prefix the name of the ordinary role, and the prefix of its databases' names
 * @param application the {@code application_name} of the testkit's own sessions
 * @param extensions the extensions to create in the template, in this order
 * @param schema the schema to create the extensions in, which is created if it does not exist; null
 *     for the default schema
 */
public record DatabaseNames(
    String prefix, String application, List<String> extensions, @Nullable String schema) {
  /** The name of the ordinary role, and the prefix of its databases' names. */
  public static final String PREFIX = "app";

  /** Copies the list. */
  public DatabaseNames {
    extensions = List.copyOf(extensions);
  }

  /** Creates names for extensions in the default schema. */
  public DatabaseNames(String prefix, String application, List<String> extensions) {
    this(prefix, application, extensions, null);
  }

  /**
   * Returns the names for a server with the given extensions. Omits duplicates, and extensions that
   * are not created in databases.
   */
  public static DatabaseNames of(List<ServerExtension> extensions, @Nullable String schema) {
    return new DatabaseNames(
        PREFIX,
        "pg-extension-testkit",
        extensions.stream()
            .filter(ServerExtension::created)
            .map(ServerExtension::name)
            .distinct()
            .toList(),
        schema);
  }

  /**
   * Returns a hash of everything that determines the template database.
   *
   * @param server the key of the server's directory
   */
  public String templateKey(String server, Map<String, String> settings) {
    MessageDigest digest = Sha256.digest();
    Sha256.update(digest, List.of(server, prefix, application, settings.size()));
    Sha256.update(digest, List.of(Objects.requireNonNullElse(schema, "")));
    new TreeMap<>(settings).forEach((name, value) -> Sha256.update(digest, List.of(name, value)));
    Sha256.update(digest, extensions);
    return Sha256.shortened(digest);
  }

  /** Returns a copy with another prefix. */
  DatabaseNames withPrefix(String other) {
    return new DatabaseNames(other, application, extensions, schema);
  }
}
