// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import io.pghello.cli.backup.dump.DumpEntry.Section;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The entries of a dump, in the steps in which a superuser restores them without running what other
 * roles have written: entries of those are restored by a login that has their rights only.
 *
 * <p>Each step is one run of pg_restore, which orders its entries. The steps have the order of
 * pg_restore itself: definitions, data, indexes and constraints, privileges, and what needs those.
 */
final class DumpEntries {
  /**
   * Entries that are restored together.
   *
   * @param asOwners whether the owners' login restores them, rather than this role
   * @param inOrder whether they depend on each other in a way that pg_restore does not know, so
   *     that one job restores them in the dump's order
   */
  record Step(boolean asOwners, boolean inOrder, List<DumpEntry> entries) {}

  // creating these runs nothing, but may take more rights than their owner has; ALTER TYPE leaves
  // the multirange type of a range to its creator
  private static final Set<String> INERT =
      Set.of(
          "PUBLICATION",
          "PUBLICATION TABLE",
          "PUBLICATION TABLES IN SCHEMA",
          "SUBSCRIPTION",
          "TYPE",
          "SHELL TYPE",
          "OPERATOR CLASS",
          "OPERATOR FAMILY");

  private static final Set<String> PRIVILEGES = Set.of("ACL", "DEFAULT ACL");

  private final Map<String, Boolean> roles;
  private final List<DumpEntry> entries;
  private final Map<Integer, DumpEntry> byId = new HashMap<>();

  /**
   * @param roles the server's, and whether what they own is theirs to restore
   * @param entries all of the dump, in its order
   */
  DumpEntries(Map<String, Boolean> roles, List<DumpEntry> entries) {
    this.roles = roles;
    this.entries =
        entries.stream().filter(entry -> !entry.isOfDatabase() && !entry.isSetting()).toList();
    entries.forEach(entry -> byId.put(entry.id(), entry));
  }

  /** Returns the first owner that the server does not have; empty if it has all. */
  static String unknownOwner(Map<String, Boolean> roles, List<DumpEntry> entries) {
    return entries.stream()
        .map(DumpEntry::owner)
        .filter(owner -> !owner.isEmpty() && !roles.containsKey(owner))
        .findFirst()
        .orElse("");
  }

  /** Returns the roles whose entries are not this role's to restore. */
  Set<String> owners() {
    return entries.stream()
        .filter(entry -> !isFoundation(entry) && isOfOwners(entry))
        .map(DumpEntry::owner)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Returns whether a role owns anything in a schema. */
  boolean hasOwnerIn(String schema, String owner) {
    return entries.stream()
        .anyMatch(entry -> owner.equals(entry.owner()) && schema.equals(entry.schema()));
  }

  /** Returns the steps of a restore that one role does alone. */
  List<Step> whole() {
    if (entries.stream().filter(this::isInOrder).count() < 2) {
      return steps(entries.stream(), entry -> false, entry -> false);
    }
    Predicate<DumpEntry> isFirst =
        entry -> entry.section() == Section.PRE_DATA && !PRIVILEGES.contains(entry.kind());
    Predicate<DumpEntry> isLast = isFirst.or(this::isInOrder).negate();
    var steps = new ArrayList<Step>();
    for (Predicate<DumpEntry> part : List.of(isFirst, this::isInOrder, isLast)) {
      steps.addAll(steps(entries.stream().filter(part), entry -> false, this::isInOrder));
    }
    return steps;
  }

  /**
   * Returns schemas and extensions, with their privileges: without those of a schema, be it an
   * extension's, owners create nothing in it.
   */
  List<Step> foundations() {
    return steps(entries.stream().filter(DumpEntries::isFoundation), entry -> false);
  }

  List<Step> definitions() {
    return steps(
        of(Section.PRE_DATA)
            .filter(entry -> !PRIVILEGES.contains(entry.kind()) || isForOwnersToUse(entry)),
        this::isOfOwners);
  }

  /** Returns what comes after the definitions, but for event triggers. */
  List<Step> others() {
    Predicate<DumpEntry> isPrivilege = entry -> PRIVILEGES.contains(entry.kind());
    Predicate<DumpEntry> isForeignKey = entry -> object(entry).is("FK CONSTRAINT");
    Predicate<DumpEntry> isContents = entry -> object(entry).is("MATERIALIZED VIEW DATA");
    // a foreign key is not checked of a table whose policies hold for its owner, too
    Predicate<DumpEntry> isPolicy =
        entry -> object(entry).is("POLICY", "ROW SECURITY") && isOfOwners(entry);
    Comparator<DumpEntry> ownersLast = Comparator.comparing(this::isOfOwners);
    var steps = new ArrayList<Step>();
    steps.addAll(
        steps(
            of(Section.DATA)
                .filter(isPrivilege.negate())
                .sorted(ownersLast.thenComparing(Comparator.comparing(this::isInOrder).reversed())),
            this::isOfOwners,
            this::isInOrder));
    steps.addAll(
        steps(
            of(Section.POST_DATA)
                .filter(
                    isPrivilege
                        .or(isForeignKey)
                        .or(isContents)
                        .or(isPolicy)
                        .or(this::isEventTrigger)
                        .negate())
                .sorted(ownersLast),
            this::isOfOwners));
    steps.addAll(
        steps(
            Stream.of(Section.values())
                .flatMap(this::of)
                .filter(isPrivilege)
                .filter(entry -> !isForOwnersToUse(entry)),
            entry -> false));
    for (Predicate<DumpEntry> last : List.of(isForeignKey, isPolicy, isContents)) {
      steps.addAll(steps(of(Section.POST_DATA).filter(last), this::isOfOwners));
    }
    return steps;
  }

  List<Step> eventTriggers() {
    return steps(entries.stream().filter(this::isEventTrigger), entry -> false);
  }

  private Stream<DumpEntry> of(Section section) {
    return entries.stream().filter(entry -> entry.section() == section && !isFoundation(entry));
  }

  private static List<Step> steps(Stream<DumpEntry> entries, Predicate<DumpEntry> asOwners) {
    return steps(entries, asOwners, entry -> false);
  }

  private static List<Step> steps(
      Stream<DumpEntry> entries, Predicate<DumpEntry> asOwners, Predicate<DumpEntry> inOrder) {
    var steps = new ArrayList<Step>();
    for (DumpEntry entry : (Iterable<DumpEntry>) entries::iterator) {
      Step last = steps.isEmpty() ? null : steps.get(steps.size() - 1);
      if (last == null
          || last.asOwners() != asOwners.test(entry)
          || last.inOrder() != inOrder.test(entry)) {
        last = new Step(asOwners.test(entry), inOrder.test(entry), new ArrayList<>());
        steps.add(last);
      }
      last.entries().add(entry);
    }
    return steps;
  }

  private static boolean isFoundation(DumpEntry entry) {
    return entry.is("SCHEMA", "EXTENSION") || entry.isAbout("SCHEMA", "EXTENSION");
  }

  private boolean isEventTrigger(DumpEntry entry) {
    return object(entry).is("EVENT TRIGGER");
  }

  /** Returns the entry that defines what a comment, label or privilege is about, or else itself. */
  private DumpEntry object(DumpEntry entry) {
    return entry.isAnnotation()
        ? entry.dependencies().stream()
            .map(byId::get)
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(entry)
        : entry;
  }

  /**
   * Privileges for what superusers own are restored with it, before code of owners runs: until then
   * everybody may call it, or nobody what an extension has kept to itself. Those for tables are
   * not, as their policies come later.
   */
  private boolean isForOwnersToUse(DumpEntry entry) {
    return entry.is("ACL")
        && !isOfOwners(entry)
        && (entry.isAbout(
                "FUNCTION",
                "PROCEDURE",
                "AGGREGATE",
                "LANGUAGE",
                "FOREIGN DATA WRAPPER",
                "FOREIGN SERVER")
            || entry.isAbout("TYPE", "DOMAIN") && isOfExtension(entry));
  }

  /**
   * Returns whether an entry is restored with the rights of its owner. It is a superuser's if it
   * has none, or if an extension creates its object, which is this role's then.
   */
  private boolean isOfOwners(DumpEntry entry) {
    return !entry.owner().isEmpty()
        && roles.getOrDefault(entry.owner(), true)
        && !INERT.contains(entry.kind())
        && !isOfExtension(entry);
  }

  /**
   * Foreign keys between an extension's tables are no entries, so pg_restore does not know them.
   */
  private boolean isInOrder(DumpEntry entry) {
    return entry.is("TABLE DATA") && isOfExtension(entry);
  }

  /**
   * Returns whether an entry is about an object that the dump does not define, because an extension
   * creates it, or every database has it. pg_dump names that object by a number of no entry.
   */
  private boolean isOfExtension(DumpEntry entry) {
    return (entry.isAnnotation() || entry.is("TABLE DATA", "SEQUENCE SET"))
        && !entry.dependencies().isEmpty()
        && entry.dependencies().stream().noneMatch(byId::containsKey);
  }
}
