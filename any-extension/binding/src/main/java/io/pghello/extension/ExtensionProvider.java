// SPDX-License-Identifier: MIT
package io.pghello.extension;

/**
 * Describes the extension of a binding. A binding names its implementation, which has a public
 * constructor without parameters, in {@code
 * META-INF/services/io.pghello.extension.ExtensionProvider}; so settings can name the extension.
 */
@FunctionalInterface
public interface ExtensionProvider {
  /** Returns the extension. Called often, so that it is a constant. */
  ExtensionDescription extension();
}
