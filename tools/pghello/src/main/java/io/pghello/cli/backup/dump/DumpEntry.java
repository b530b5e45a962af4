// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An entry of a dump's table of contents.
 *
 * @param id the number that selects the entry in pg_restore
 * @param kind the kind of entry, such as {@code TABLE DATA}
 * @param tag the name of the object; for an {@link #isAnnotation() annotation}, the kind and name
 *     of the annotated object
 * @param schema the object's schema; null if it has none
 * @param owner the owner's name; empty if the object is of a kind that only superusers can create
 * @param section the entry's section in the dump
 * @param definition the SQL of entries about the database as a whole, and of {@link #isSetting()
 *     settings}; empty for other entries
 * @param dependencies the numbers of the objects that the entry depends on; some of these objects
 *     have no entry
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

  // Settings of pg_restore's session.
  private static final Set<String> SETTINGS = Set.of("ENCODING", "STDSTRINGS", "SEARCHPATH");

  /** Returns whether the entry is of one of these kinds. */
  boolean is(String... kinds) {
    return List.of(kinds).contains(kind);
  }

  /**
   * Returns whether the entry contains the privileges, the comment or the label of another object.
   */
  boolean isAnnotation() {
    return ANNOTATIONS.contains(kind);
  }

  /** Returns whether the entry is an annotation of an object of one of these kinds. */
  boolean isAbout(String... kinds) {
    return isAnnotation() && List.of(kinds).stream().anyMatch(about -> tag.startsWith(about + " "));
  }

  /** Returns whether pg_restore restores the entry only if it also creates the database. */
  boolean isOfDatabase() {
    return isOfDatabase(kind, tag);
  }

  static boolean isOfDatabase(String kind, String tag) {
    return kind.equals("DATABASE")
        || kind.equals("DATABASE PROPERTIES")
        || (ANNOTATIONS.contains(kind) && tag.startsWith("DATABASE "));
  }

  /** Returns whether the entry is a setting of pg_restore's session. */
  boolean isSetting() {
    return isSetting(kind);
  }

  static boolean isSetting(String kind) {
    return SETTINGS.contains(kind);
  }
}
