// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Creates the scripts that make runs, and quotes words for shells. */
final class ShellScript {
  private ShellScript() {}

  /** Returns the directory with the scripts of a build. */
  static Path programs(Path folder) {
    return folder.resolve("programs");
  }

  /** Creates an executable shell script. */
  static Path writeProgram(Path folder, String name, String script) throws IOException {
    Path program = Files.createDirectories(programs(folder)).resolve(name);
    Files.writeString(program, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return program;
  }

  /** Quotes a word for a shell command. */
  static String word(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** Quotes a word for a make variable that is used in a shell command. */
  static String quoted(Object text) {
    return "'" + inQuotes(text) + "'";
  }

  /** Escapes a word for a make variable that is used between quotes in a shell command. */
  static String inQuotes(Object text) {
    return text.toString().replace("'", "'\\''").replace("$", "$$");
  }
}
