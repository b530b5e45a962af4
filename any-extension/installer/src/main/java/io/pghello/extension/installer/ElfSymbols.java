// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The symbols that a Linux library or program imports and exports. The loader resolves each import
 * with an export of the server, or of a library that the importing library needs.
 *
 * @param imports the imported symbols, except weak symbols, which may stay undefined
 * @param exports the exported symbols by name
 */
public record ElfSymbols(List<Import> imports, Map<String, Export> exports) {
  /** The kind of a symbol. */
  public enum Kind {
    /** Code. */
    FUNCTION,
    /** A variable. */
    OBJECT,
    /** A symbol without information about its kind. */
    UNKNOWN
  }

  /**
   * An imported symbol.
   *
   * @param version the symbol version, for example {@code GLIBC_2.34}; empty for the symbols of a
   *     server
   * @param called whether the library calls the symbol, which must be a function then
   */
  public record Import(String name, Optional<String> version, boolean called) {}

  /**
   * An exported symbol.
   *
   * @param versions the symbol versions; empty if the symbol has no version
   */
  public record Export(Kind kind, Set<String> versions) {
    /** Returns whether an import with the given version can be resolved with this symbol. */
    public boolean hasVersion(Optional<String> version) {
      return versions.isEmpty() || version.isEmpty() || versions.contains(version.get());
    }
  }
}
