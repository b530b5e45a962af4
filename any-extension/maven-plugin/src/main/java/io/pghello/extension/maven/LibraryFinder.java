// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Finds the libraries that other libraries need. */
@FunctionalInterface
interface LibraryFinder {
  /**
   * Returns the file of a library, or empty if it was not found.
   *
   * @param name the name that the other library contains, e.g. {@code libm.so.6}
   */
  Optional<Path> find(String name) throws IOException, BuildException;
}
