// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.internal.cache.Toggle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A template that a server starts with.
 *
 * @param preparer the preparer that fills the template
 * @param key the class and the key of the preparer
 */
public record TemplateRequest(DatabasePreparer preparer, String key) {
  private static final Toggle CACHE =
      new Toggle("pg-extension.cache-templates", "PG_EXTENSION_CACHE_TEMPLATES");

  /**
   * Returns a request if the preparer has a key; null if it has none, or if the user has disabled
   * the cache with the system property {@code pg-extension.cache-templates} or the environment
   * variable {@code PG_EXTENSION_CACHE_TEMPLATES}.
   *
   * @throws IllegalArgumentException if the value of the property is neither true nor false
   */
  public static @Nullable TemplateRequest of(DatabasePreparer preparer) {
    if (!CACHE.isOn()) {
      return null;
    }
    return key(preparer).map(key -> new TemplateRequest(preparer, key)).orElse(null);
  }

  private static Optional<String> key(DatabasePreparer preparer) {
    return preparer.cacheKey().map(key -> preparer.getClass().getName() + "\n" + key);
  }

  /** Returns whether the preparer's key is the same as before, e.g. no script has changed. */
  public boolean isCurrent() {
    return key(preparer).filter(key::equals).isPresent();
  }
}
