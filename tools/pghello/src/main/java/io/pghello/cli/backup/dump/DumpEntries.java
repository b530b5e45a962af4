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
 * Divides the entries of a dump into ordered steps, so that a superuser can restore them without
 * running other roles' code as a superuser. A temporary login role ("the owners' login"), which has
 * the rights of these other roles, restores the entries that they own. The role that runs the
 * restore ("this role") restores all other entries.
 *
 * <p>Each step is one run of pg_restore. The steps are in the same order as in pg_restore itself:
 * definitions, data, indexes and constraints, privileges, and entries that need these privileges.
 */
final class DumpEntries {
  /**
   * Entries that a single run of pg_restore restores.
   *
   * @param asOwners whether the owners' temporary login, rather than this role, restores the
   *     entries
   * @param inOrder whether a single job must restore the entries in the dump's order, because
   *     pg_restore does not know their dependencies
   */
  record Step(boolean asOwners, boolean inOrder, List<DumpEntry> entries) {}

  // This role creates objects of these kinds, because creating them runs no code and may require
  // more rights than their owner has. For types, another reason is that ALTER TYPE does not change
  // the owner of a range's multirange type.
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
   * Creates an instance.
   *
   * @param roles the server's roles; the value is true if the owners' login restores the role's
   *     entries
   * @param entries all entries of the dump, in its order
   */
  DumpEntries(Map<String, Boolean> roles, List<DumpEntry> entries) {
    this.roles = roles;
    this.entries =
        entries.stream().filter(entry -> !entry.isOfDatabase() && !entry.isSetting()).toList();
    entries.forEach(entry -> byId.put(entry.id(), entry));
  }

  /** Returns the first owner that does not exist on the server; empty if all owners exist. */
  static String unknownOwner(Map<String, Boolean> roles, List<DumpEntry> entries) {
    return entries.stream()
        .map(DumpEntry::owner)
        .filter(owner -> !owner.isEmpty() && !roles.containsKey(owner))
        .findFirst()
        .orElse("");
  }

  /** Returns the owners of the entries that the owners' login restores. */
  Set<String> owners() {
    return entries.stream()
        .filter(entry -> !isFoundation(entry) && isOfOwners(entry))
        .map(DumpEntry::owner)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Returns whether the dump contains an object of this owner in this schema. */
  boolean hasOwnerIn(String schema, String owner) {
    return entries.stream()
        .anyMatch(entry -> owner.equals(entry.owner()) && schema.equals(entry.schema()));
  }

  /** Returns the steps that restore all entries as this role. */
  List<Step> whole() {
    List<DumpEntry> most = entries.stream().filter(entry -> !isEventTrigger(entry)).toList();
    var steps = new ArrayList<Step>();
    if (most.stream().filter(this::isInOrder).count() < 2) {
      steps.addAll(steps(most.stream(), entry -> false));
    } else {
      Predicate<DumpEntry> isFirst =
          entry -> entry.section() == Section.PRE_DATA && !PRIVILEGES.contains(entry.kind());
      Predicate<DumpEntry> isLast = isFirst.or(this::isInOrder).negate();
      for (Predicate<DumpEntry> part : List.of(isFirst, this::isInOrder, isLast)) {
        steps.addAll(steps(most.stream().filter(part), entry -> false, this::isInOrder));
      }
    }
    steps.addAll(eventTriggers());
    return steps;
  }

  /**
   * Returns the steps for schemas and extensions, with their privileges. Owners need these schemas
   * and privileges to create their objects, including objects in a schema that an extension has
   * created.
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

  /** Returns the steps after the definitions, except event triggers. */
  List<Step> others() {
    Predicate<DumpEntry> isPrivilege = entry -> PRIVILEGES.contains(entry.kind());
    Predicate<DumpEntry> isForeignKey = entry -> object(entry).is("FK CONSTRAINT");
    Predicate<DumpEntry> isContents = entry -> object(entry).is("MATERIALIZED VIEW DATA");
    // Foreign keys precede policies, because the check of a foreign key fails if policies already
    // apply to the table's owner.
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

  /**
   * Returns the last step, which creates the event triggers. It uses a single job, because
   * additional jobs would log in and fire login triggers.
   */
  List<Step> eventTriggers() {
    return steps(entries.stream().filter(this::isEventTrigger), entry -> false, entry -> true);
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

  /**
   * Returns the entry of the object that a comment, label or privilege belongs to; for other
   * entries, the entry itself.
   */
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
   * Returns whether a privilege on a superuser's object affects owners' code that runs during the
   * restore. Such privileges are restored together with the objects. Privileges on tables are
   * restored later, because policies are restored later, too.
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
            || (entry.isAbout("TYPE", "DOMAIN") && isOfExtension(entry)));
  }

  /**
   * Returns whether the owners' login restores an entry. This role restores entries without an
   * owner, because only superusers can create such objects. It also restores entries about
   * extensions' objects, because it owns these objects.
   */
  private boolean isOfOwners(DumpEntry entry) {
    return !entry.owner().isEmpty()
        && roles.getOrDefault(entry.owner(), true)
        && !INERT.contains(entry.kind())
        && !isOfExtension(entry);
  }

  /**
   * Returns whether this entry must be restored in the dump's order. This is necessary for the rows
   * of an extension's table: the table may have foreign keys, but the dump has no entries for them.
   */
  private boolean isInOrder(DumpEntry entry) {
    return entry.is("TABLE DATA") && isOfExtension(entry);
  }

  /**
   * Returns whether an entry is about an object that the dump does not define, because an extension
   * creates it or every database contains it. In that case, the dump has no entries for the entry's
   * dependencies.
   */
  private boolean isOfExtension(DumpEntry entry) {
    return (entry.isAnnotation() || entry.is("TABLE DATA", "SEQUENCE SET"))
        && !entry.dependencies().isEmpty()
        && entry.dependencies().stream().noneMatch(byId::containsKey);
  }
}
