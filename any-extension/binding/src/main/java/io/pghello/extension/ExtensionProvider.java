// SPDX-License-Identifier: MIT
package io.pghello.extension;

/**
 * Provides the description of a binding's extension, so that settings can refer to the extension by
 * name. List the implementation in {@code
 * META-INF/services/io.pghello.extension.ExtensionProvider}. The implementation needs a public
 * constructor without parameters.
 */
@FunctionalInterface
public interface ExtensionProvider {
  /** Returns the extension. This method is called often, so return a constant. */
  ExtensionDescription extension();
}
