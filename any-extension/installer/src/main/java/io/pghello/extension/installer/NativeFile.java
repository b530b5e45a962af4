// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A shared library or a program for Linux, macOS or Windows. Only the installer implements this
 * interface; any release may add methods.
 */
public interface NativeFile {
  /**
   * Returns the platforms that run the file, e.g. {@code linux-amd64}. A universal macOS file and a
   * Linux library that needs no C library have several platforms.
   */
  Set<String> platforms();

  /**
   * Returns the names of the libraries that the file needs, on the given platform.
   *
   * @param platform one of {@link #platforms()}
   */
  List<String> needed(String platform);

  /**
   * Returns the oldest system version on which the file runs: the version of the GNU C library, of
   * macOS or of Windows. Empty if the file does not contain this information.
   *
   * @param platform one of {@link #platforms()}
   */
  Optional<String> minimumSystem(String platform);

  /**
   * Returns a reason why a server cannot load this library. Does not check the platform or the
   * system version. The text completes a sentence that begins with "The library acme.so".
   *
   * @param platform one of {@link #platforms()}
   * @param server the server's program {@code postgres}; if empty, imported symbols are not checked
   */
  Optional<String> loadProblem(String platform, Optional<NativeFile> server);
}
