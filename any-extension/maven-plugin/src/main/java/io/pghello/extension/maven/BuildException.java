// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.util.List;

/** Thrown if a build or a test fails. The message explains the reason to the user. */
final class BuildException extends Exception {
  private static final long serialVersionUID = 1L;

  /** The packages to install, if that may fix the problem. */
  private final transient List<String> packages;

  BuildException(String message) {
    this(message, List.of());
  }

  BuildException(String message, List<String> packages) {
    super(message);
    this.packages = packages;
  }

  List<String> packages() {
    return packages;
  }
}
