// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

/**
 * A feature that users can turn off.
 *
 * @param property the system property
 * @param variable the environment variable, which is used if the property is not set
 */
public record Toggle(String property, String variable) {
  /**
   * Returns whether the feature is on, which is the default.
   *
   * @throws IllegalArgumentException if the value is neither true nor false
   */
  public boolean isOn() {
    String set = System.getProperty(property);
    String value = set != null ? set : System.getenv(variable);
    if (value != null && !value.isBlank() && !value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException(
          property + " (or " + variable + ") is \"" + value + "\"; use true or false");
    }
    return !"false".equals(value);
  }
}
