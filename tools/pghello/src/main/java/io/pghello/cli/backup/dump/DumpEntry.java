// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An entry of a dump's table of contents.
 *
 * @param id its number, which selects it in pg_restore
 * @param kind the kind of entry, such as {@code TABLE DATA}
 * @param tag the name of the object; for an {@link #isAnnotation() annotation} the kind and name
 * @param schema the object's schema; null if it has none
 * @param owner the owner's name; empty if only superusers can create such an object
 * @param section its section in the dump
 * @param definition the SQL of entries about the database as a whole; empty for other entries
 * @param dependencies the numbers of objects that it depends on, which do not all have entries
 */
record DumpEntry(
    int id,
    String kind,
    String tag,
    @Nullable String schema,
    String owner,
    Section section,
    String definition,
    List<Integer> dependencies) {
  /** The parts of a dump in restore order. */
  enum Section {
    PRE_DATA,
    DATA,
    POST_DATA
  }

  private static final Set<String> ANNOTATIONS = Set.of("ACL", "COMMENT", "SECURITY LABEL");

  // settings of pg_restore's session
  private static final Set<String> SETTINGS = Set.of("ENCODING", "STDSTRINGS", "SEARCHPATH");

  /** Returns whether it is one of these kinds. */
  boolean is(String... kinds) {
    return List.of(kinds).contains(kind);
  }

  /** Returns whether it holds the privileges, the comment or the label of another object. */
  boolean isAnnotation() {
    return ANNOTATIONS.contains(kind);
  }

  /** Returns whether it is an annotation of an object of one of these kinds. */
  boolean isAbout(String... kinds) {
    return isAnnotation() && List.of(kinds).stream().anyMatch(about -> tag.startsWith(about + " "));
  }

  /** Returns whether pg_restore restores it only if it creates the database, too. */
  boolean isOfDatabase() {
    return isOfDatabase(kind, tag);
  }

  static boolean isOfDatabase(String kind, String tag) {
    return kind.equals("DATABASE")
        || kind.equals("DATABASE PROPERTIES")
        || (ANNOTATIONS.contains(kind) && tag.startsWith("DATABASE "));
  }

  /** Returns whether it is a setting of pg_restore's session. */
  boolean isSetting() {
    return isSetting(kind);
  }

  static boolean isSetting(String kind) {
    return SETTINGS.contains(kind);
  }
}
