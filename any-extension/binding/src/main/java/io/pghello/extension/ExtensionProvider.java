// SPDX-License-Identifier: MIT
package io.pghello.extension;

/**
 * Provides the description of a binding's extension, so that settings can refer to the extension by
 * name. List the implementation, which needs a public constructor without parameters, in {@code
 * META-INF/services/io.pghello.extension.ExtensionProvider}.
 */
@FunctionalInterface
public interface ExtensionProvider {
  /** Returns the extension. This method is called often, so return a constant. */
  ExtensionDescription extension();
}
