// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The options of the C and C++ compilers. */
final class CompilerOptions {
  static final String CXX = "g++";
  private static final String ONLY_FOR_C = "-Werror=implicit-function-declaration";

  private final List<String> options = new ArrayList<>();

  CompilerOptions(boolean strict, String sanitize) {
    // older compilers only warn about undeclared functions, and the server then cannot load the
    // library
    options.add(ONLY_FOR_C);
    if (strict) {
      options.addAll(List.of("-Wall", "-Werror"));
    }
    if (!sanitize.isEmpty()) {
      options.addAll(List.of("-fsanitize=" + sanitize, "-fno-omit-frame-pointer", "-g"));
    } else {
      // omit debug information, because it would contain paths
      options.add("-g0");
    }
  }

  boolean haveSanitizer() {
    return options.stream().anyMatch(option -> option.startsWith("-fsanitize="));
  }

  /** Returns the value of the make variable {@code COPT}. */
  String forC(Path copy, Path include) {
    var flags = new ArrayList<>(options);
    // remove paths from the libraries, so that builds in different directories are identical
    flags.add(ShellScript.quoted("-ffile-prefix-map=" + copy + "=."));
    flags.add(ShellScript.quoted("-ffile-prefix-map=" + include + "=server"));
    return String.join(" ", flags);
  }

  /**
   * Writes a script that calls the C++ compiler with the options of this build. PGXS has no
   * variable for these options: {@code COPT} is only for C.
   *
   * @param compiler a word of a shell command
   */
  Path writeCxx(String compiler, Path folder, Path copy, Path include) throws IOException {
    var words = new ArrayList<>(options);
    words.remove(ONLY_FOR_C);
    words.add("-ffile-prefix-map=" + copy + "=.");
    words.add("-ffile-prefix-map=" + include + "=server");
    // the server's headers are C, and cause warnings in C++
    words.addAll(List.of("-isystem", include.toString()));
    return ShellScript.writeProgram(
        folder,
        CXX,
        "exec "
            + compiler
            + " \"$@\" "
            + words.stream().map(ShellScript::word).collect(Collectors.joining(" ")));
  }

  /** Returns the options for the digest of a build's inputs. */
  String digestInput() {
    return options.toString();
  }
}
