// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import java.io.File;
import java.util.Arrays;
import java.util.Optional;

/** Finds installed programs that some tests need. */
public final class Programs {
  private Programs() {}

  /** Finds a program on the path. */
  public static Optional<File> find(String name) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(folder -> new File(folder, name))
        .filter(File::canExecute)
        .findFirst();
  }
}
