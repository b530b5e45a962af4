// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.testkit.DatabasePreparer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A template that a server starts with.
 *
 * @param withExtensions whether the template contains the extensions
 * @param preparer the preparer that fills the template
 * @param key the class and the key of the preparer
 */
public record TemplateRequest(boolean withExtensions, DatabasePreparer preparer, String key) {
  private static final String PROPERTY = "pg-extension.cache-templates";
  private static final String VARIABLE = "PG_EXTENSION_CACHE_TEMPLATES";

  /**
   * Returns a request if the preparer has a key; null if it has none, or if the user has disabled
   * the cache with the system property {@code pg-extension.cache-templates} or the environment
   * variable {@code PG_EXTENSION_CACHE_TEMPLATES}.
   *
   * @throws IllegalArgumentException if the value of the property is neither true nor false
   */
  public static @Nullable TemplateRequest of(boolean withExtensions, DatabasePreparer preparer) {
    if (!isEnabled()) {
      return null;
    }
    return key(preparer)
        .map(key -> new TemplateRequest(withExtensions, preparer, key))
        .orElse(null);
  }

  private static Optional<String> key(DatabasePreparer preparer) {
    return preparer.cacheKey().map(key -> preparer.getClass().getName() + "\n" + key);
  }

  /** Returns whether the preparer's key is the same as before, e.g. no script has changed. */
  boolean isCurrent() {
    return key(preparer).filter(key::equals).isPresent();
  }

  private static boolean isEnabled() {
    String set = System.getProperty(PROPERTY);
    String value = set != null ? set : System.getenv(VARIABLE);
    if (value != null && !value.isBlank() && !value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException(
          PROPERTY + " (or " + VARIABLE + ") is \"" + value + "\"; use true or false");
    }
    return !"false".equals(value);
  }
}
