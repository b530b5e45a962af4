// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a dump, in the steps in which a superuser restores them without running what other
 * roles have written: entries of those are restored by a log-in that has their rights only.
 *
 * <p>Each step is one run of pg_restore, which orders what is in it. The steps have the order that
 * pg_restore itself has: definitions, data, indexes and constraints, privileges, and what needs
 * those.
 */
final class DumpEntries {
  /** Entries that are restored together, by their owners' log-in or by this role. */
  record Step(boolean asOwners, List<String> lines) {}

  private static final Pattern ENTRY = kinds("");
  // with their privileges, without which owners create nothing in them
  private static final Pattern SCHEMA = kinds("SCHEMA - |(?:ACL|COMMENT) - SCHEMA ");
  private static final Pattern PRIVILEGE = kinds("ACL |DEFAULT ACL ");
  // what everybody has for a new one, and what one needs to create others
  private static final Pattern PRIVILEGE_TO_USE =
      kinds(
          "ACL - (?:LANGUAGE|FOREIGN SERVER|FOREIGN DATA WRAPPER) |ACL .* (?:FUNCTION|PROCEDURE|AGGREGATE) ");
  private static final Pattern FOREIGN_KEY = kinds("FK CONSTRAINT ");
  // a foreign key is not checked of a table whose policies hold for its owner, too
  private static final Pattern POLICY = kinds("(?:POLICY|ROW SECURITY) |COMMENT .* POLICY ");
  // runs nothing, but takes a privilege for the database
  private static final Pattern PUBLICATION = kinds("PUBLICATION ");
  private static final Pattern CONTENTS = kinds("MATERIALIZED VIEW DATA ");
  private static final Pattern EVENT_TRIGGER = kinds("(?:COMMENT - )?EVENT TRIGGER ");

  /** Entries of a dump that is restored as a whole: none are named. */
  static final DumpEntries NONE = new DumpEntries(Map.of(), List.of(), List.of(), List.of());

  private final Map<String, Boolean> roles;
  private final Set<String> owners = new TreeSet<>();
  private final List<String> definitions;
  private final List<String> data;
  private final List<String> others;

  /**
   * @param roles the server's, and whether what they own is theirs to restore
   * @param definitions what pg_restore lists of the section pre-data
   * @param data of the section data
   * @param others of the section post-data
   */
  DumpEntries(
      Map<String, Boolean> roles,
      List<String> definitions,
      List<String> data,
      List<String> others) {
    this.roles = roles;
    this.definitions = entries(definitions);
    this.data = entries(data);
    this.others = entries(others);
  }

  private static Pattern kinds(String kinds) {
    return Pattern.compile("[0-9]+; [0-9]+ [0-9]+ (?:" + kinds + ").*", Pattern.DOTALL);
  }

  /** Returns whether anything that pg_restore lists is for its owner to restore. */
  static boolean haveOwners(Map<String, Boolean> roles, List<String> listed) {
    var entries = new DumpEntries(roles, listed, List.of(), List.of());
    return entries.definitions.stream()
        .anyMatch(line -> !matches(line, SCHEMA) && entries.isOfOwners(line));
  }

  /** Returns the entries whose owner the server does not have. */
  static List<String> ofUnknown(Map<String, Boolean> roles, List<String> listed) {
    var entries = new DumpEntries(roles, listed, List.of(), List.of());
    return entries.definitions.stream()
        .filter(line -> !line.endsWith(" ") && entries.owner(line) == null)
        .toList();
  }

  private List<String> entries(List<String> list) {
    List<String> lines = list.stream().filter(ENTRY.asMatchPredicate()).toList();
    for (String line : lines) {
      String owner = owner(line);
      // the server's own role for the owner of a database has the schema public
      if (owner != null && isOwner(owner) && !matches(line, SCHEMA)) {
        owners.add(owner);
      }
    }
    return lines;
  }

  /** Returns the roles whose entries are not this role's to restore. */
  Set<String> owners() {
    return owners;
  }

  /** Returns whether a role may own anything in a schema. */
  boolean mayHave(String schema, String owner) {
    return all().anyMatch(line -> line.endsWith(" " + owner) && line.contains(" " + schema + " "));
  }

  List<Step> schemas() {
    return steps(definitions.stream().filter(SCHEMA.asMatchPredicate()), line -> false);
  }

  List<Step> definitions() {
    return steps(
        definitions.stream()
            .filter(line -> !matches(line, SCHEMA, PRIVILEGE) || isForOwnersToUse(line)),
        this::isOfOwners);
  }

  /**
   * Returns what comes after the definitions, but for event triggers.
   *
   * @param ofExtensions the kind, schema and name of entries of what extensions have created: not
   *     for the owner that the dump names
   */
  List<Step> others(Set<String> ofExtensions) {
    Predicate<String> asOwners =
        line -> isOfOwners(line) && !ofExtensions.contains(withoutOwner(line));
    var steps = new ArrayList<Step>();
    steps.addAll(steps(data.stream().sorted(Comparator.comparing(asOwners::test)), asOwners));
    Predicate<String> isPolicy = line -> matches(line, POLICY) && asOwners.test(line);
    Stream<String> main =
        others.stream()
            .filter(line -> !matches(line, PRIVILEGE, FOREIGN_KEY, CONTENTS, EVENT_TRIGGER))
            .filter(isPolicy.negate());
    steps.addAll(steps(main.sorted(Comparator.comparing(asOwners::test)), asOwners));
    Stream<String> privileges =
        all().filter(line -> matches(line, PRIVILEGE) && !matches(line, SCHEMA));
    steps.addAll(steps(privileges.filter(line -> !isForOwnersToUse(line)), line -> false));
    steps.addAll(steps(others.stream().filter(FOREIGN_KEY.asMatchPredicate()), asOwners));
    steps.addAll(steps(others.stream().filter(isPolicy), asOwners));
    steps.addAll(steps(others.stream().filter(CONTENTS.asMatchPredicate()), asOwners));
    return steps;
  }

  List<Step> eventTriggers() {
    return steps(others.stream().filter(EVENT_TRIGGER.asMatchPredicate()), line -> false);
  }

  private static List<Step> steps(Stream<String> lines, Predicate<String> asOwners) {
    var steps = new ArrayList<Step>();
    for (String line : (Iterable<String>) lines::iterator) {
      boolean isForOwners = asOwners.test(line);
      if (steps.isEmpty() || steps.get(steps.size() - 1).asOwners() != isForOwners) {
        steps.add(new Step(isForOwners, new ArrayList<>()));
      }
      steps.get(steps.size() - 1).lines().add(line);
    }
    return steps;
  }

  private Stream<String> all() {
    return Stream.of(definitions, data, others).flatMap(List::stream);
  }

  private static boolean matches(String line, Pattern... kinds) {
    return Stream.of(kinds).anyMatch(kind -> kind.matcher(line).matches());
  }

  /**
   * Privileges for what superusers own are restored with it, before code of owners runs: until then
   * everybody may call it. Those for tables are not, as their policies come later.
   */
  private boolean isForOwnersToUse(String line) {
    return matches(line, PRIVILEGE_TO_USE) && !isOfOwners(line);
  }

  /** An entry without an owner is a superuser's; one that could be an owner's is taken for that. */
  private boolean isOfOwners(String line) {
    if (matches(line, PUBLICATION)) {
      return false;
    }
    return owner(line) == null
        ? !line.endsWith(" ")
        : roles.keySet().stream().anyMatch(role -> line.endsWith(" " + role) && isOwner(role));
  }

  private boolean isOwner(String role) {
    return roles.getOrDefault(role, true);
  }

  /** Returns the longest name of a role that an entry ends with; null if there is none. */
  private @Nullable String owner(String line) {
    return roles.keySet().stream()
        .filter(role -> line.endsWith(" " + role))
        .max(Comparator.comparingInt(String::length))
        .orElse(null);
  }

  private String withoutOwner(String line) {
    String owner = owner(line);
    String named = owner == null ? line : line.substring(0, line.length() - owner.length() - 1);
    return named.replaceFirst("[0-9]+; [0-9]+ [0-9]+ ", "");
  }
}
