// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An entry of a dump's table of contents.
 *
 * @param id the number by which pg_restore is asked for it
 * @param kind such as {@code TABLE DATA}
 * @param tag the name of the object, or of a {@link #isAnnotation() comment}'s kind and object
 * @param schema of the object; null if it has none
 * @param owner the role's name; empty if only superusers can own such an object
 * @param section in which pg_restore restores it
 * @param definition the SQL of what concerns the database as a whole; otherwise empty
 * @param dependencies the numbers of other objects, not all of which need be entries
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
  /** The parts of a dump, in the order in which they are restored. */
  enum Section {
    PRE_DATA,
    DATA,
    POST_DATA
  }

  private static final Set<String> ANNOTATIONS = Set.of("ACL", "COMMENT", "SECURITY LABEL");

  // settings of the session in which pg_restore works
  private static final Set<String> SETTINGS = Set.of("ENCODING", "STDSTRINGS", "SEARCHPATH");

  /** Returns whether it is one of these kinds. */
  boolean is(String... kinds) {
    return List.of(kinds).contains(kind);
  }

  /** Returns whether it is about another object: privileges, a comment or a label. */
  boolean isAnnotation() {
    return ANNOTATIONS.contains(kind);
  }

  /** Returns whether it is about another object of one of these kinds. */
  boolean isAbout(String... kinds) {
    return isAnnotation() && List.of(kinds).stream().anyMatch(about -> tag.startsWith(about + " "));
  }

  /** Returns whether pg_restore restores it only together with CREATE DATABASE. */
  boolean isOfDatabase() {
    return isOfDatabase(kind, tag);
  }

  static boolean isOfDatabase(String kind, String tag) {
    return kind.equals("DATABASE")
        || kind.equals("DATABASE PROPERTIES")
        || (ANNOTATIONS.contains(kind) && tag.startsWith("DATABASE "));
  }

  /** Returns whether it is a setting of the session that restores. */
  boolean isSetting() {
    return isSetting(kind);
  }

  static boolean isSetting(String kind) {
    return SETTINGS.contains(kind);
  }
}
