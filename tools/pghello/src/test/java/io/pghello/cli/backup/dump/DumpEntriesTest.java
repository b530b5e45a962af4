// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.backup.dump.DumpEntries.Step;
import io.pghello.cli.backup.dump.DumpEntry.Section;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DumpEntriesTest {
  private static final Map<String, Boolean> ROLES = Map.of("postgres", false, "alice", true);

  @Test
  void entriesOfUnknownOwnersAreNotTheSuperusers() {
    DumpEntry function = entry(1, "FUNCTION", "f()", "nobody", Section.PRE_DATA);
    var entries = new DumpEntries(ROLES, List.of(function));
    assertThat(DumpEntries.unknownOwner(ROLES, List.of(function))).isEqualTo("nobody");
    assertThat(entries.owners()).containsExactly("nobody");
    assertThat(entries.definitions()).containsExactly(new Step(true, false, List.of(function)));
  }

  @Test
  void objectsOfAnExtensionDoNotBelongToTheirFormerOwner() {
    DumpEntry extension = entry(1, "EXTENSION", "x", "", Section.PRE_DATA);
    DumpEntry schema = entry(2, "ACL", "SCHEMA own", "alice", Section.PRE_DATA, 90);
    DumpEntry label = entry(3, "SECURITY LABEL", "FUNCTION f()", "alice", Section.PRE_DATA, 91);
    DumpEntry function = entry(4, "ACL", "FUNCTION f()", "alice", Section.PRE_DATA, 91);
    DumpEntry table = entry(5, "ACL", "TABLE t", "alice", Section.PRE_DATA, 92);
    DumpEntry data = entry(6, "TABLE DATA", "t", "alice", Section.DATA, 92);
    DumpEntry set = entry(7, "SEQUENCE SET", "q", "alice", Section.DATA, 93);
    var entries =
        new DumpEntries(ROLES, List.of(extension, schema, label, function, table, data, set));
    assertThat(entries.owners()).isEmpty();
    assertThat(entries.foundations())
        .containsExactly(new Step(false, false, List.of(extension, schema)));
    assertThat(entries.definitions())
        .containsExactly(new Step(false, false, List.of(label, function)));
    assertThat(entries.others())
        .containsExactly(
            new Step(false, true, List.of(data)),
            new Step(false, false, List.of(set)),
            new Step(false, false, List.of(table)));
  }

  @Test
  void definedObjectsBelongToTheirOwner() {
    DumpEntry table = entry(1, "TABLE", "t", "alice", Section.PRE_DATA);
    DumpEntry data = entry(2, "TABLE DATA", "t", "alice", Section.DATA, 1);
    // 90 is the number of an object that the dump does not define
    DumpEntry comment = entry(3, "COMMENT", "TABLE t", "alice", Section.DATA, 90, 1);
    var entries = new DumpEntries(ROLES, List.of(table, data, comment));
    assertThat(entries.others()).containsExactly(new Step(true, false, List.of(data, comment)));
    assertThat(entries.whole())
        .containsExactly(new Step(false, false, List.of(table, data, comment)));
  }

  /** Other entries belong to their owners, even if they depend only on objects of extensions. */
  @Test
  void onlyDataAndAnnotationsBelongToExtensions() {
    DumpEntry function = entry(1, "FUNCTION", "f()", "alice", Section.PRE_DATA, 90);
    DumpEntry index = entry(2, "INDEX", "i", "alice", Section.POST_DATA, 90);
    DumpEntry view = entry(3, "MATERIALIZED VIEW DATA", "v", "alice", Section.POST_DATA, 90);
    var entries = new DumpEntries(ROLES, List.of(function, index, view));
    assertThat(entries.owners()).containsExactly("alice");
    assertThat(entries.definitions()).containsExactly(new Step(true, false, List.of(function)));
    assertThat(entries.others())
        .containsExactly(
            new Step(true, false, List.of(index)), new Step(true, false, List.of(view)));
  }

  /** Owners' code runs later, and must be able to rely on granted and revoked privileges. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "FUNCTION",
        "PROCEDURE",
        "AGGREGATE",
        "LANGUAGE",
        "FOREIGN DATA WRAPPER",
        "FOREIGN SERVER"
      })
  void privilegesOnSuperusersObjectsAreRestoredWithThem(String kind) {
    DumpEntry object = entry(1, kind, "x", "postgres", Section.PRE_DATA);
    DumpEntry privilege = entry(2, "ACL", kind + " x", "postgres", Section.PRE_DATA, 1);
    var entries = new DumpEntries(ROLES, List.of(object, privilege));
    assertThat(entries.definitions())
        .containsExactly(new Step(false, false, List.of(object, privilege)));
    assertThat(entries.others()).isEmpty();
  }

  @Test
  void dataOfExtensionsIsRestoredInOrder() {
    DumpEntry definition = entry(1, "TABLE", "a", "postgres", Section.PRE_DATA);
    DumpEntry privilege = entry(2, "ACL", "TABLE a", "postgres", Section.PRE_DATA, 1);
    DumpEntry first = entry(3, "TABLE DATA", "z", "postgres", Section.DATA, 90);
    DumpEntry own = entry(4, "TABLE DATA", "a", "postgres", Section.DATA, 1);
    DumpEntry second = entry(5, "TABLE DATA", "b", "postgres", Section.DATA, 91);
    var all = List.of(definition, privilege, first, own, second);
    assertThat(new DumpEntries(ROLES, all).whole())
        .containsExactly(
            new Step(false, false, List.of(definition)),
            new Step(false, true, List.of(first, second)),
            new Step(false, false, List.of(privilege, own)));
    var one = List.of(definition, privilege, first, own);
    assertThat(new DumpEntries(ROLES, one).whole()).containsExactly(new Step(false, false, one));
  }

  @Test
  void commentsComeAfterTheirObjects() {
    DumpEntry key = entry(1, "FK CONSTRAINT", "t k", "alice", Section.POST_DATA);
    DumpEntry onKey = entry(2, "COMMENT", "CONSTRAINT k ON t", "alice", Section.POST_DATA, 1);
    DumpEntry policy = entry(3, "POLICY", "t p", "alice", Section.POST_DATA);
    DumpEntry onPolicy = entry(4, "COMMENT", "POLICY p ON t", "alice", Section.POST_DATA, 3);
    DumpEntry trigger = entry(5, "EVENT TRIGGER", "e", "postgres", Section.POST_DATA);
    DumpEntry onTrigger =
        entry(6, "SECURITY LABEL", "EVENT TRIGGER e", "postgres", Section.POST_DATA, 5);
    var entries = new DumpEntries(ROLES, List.of(key, onKey, policy, onPolicy, trigger, onTrigger));
    assertThat(entries.others())
        .containsExactly(
            new Step(true, false, List.of(key, onKey)),
            new Step(true, false, List.of(policy, onPolicy)));
    assertThat(entries.eventTriggers())
        .containsExactly(new Step(false, true, List.of(trigger, onTrigger)));
    assertThat(entries.whole())
        .containsExactly(
            new Step(false, false, List.of(key, onKey, policy, onPolicy)),
            new Step(false, true, List.of(trigger, onTrigger)));
  }

  @Test
  void restoresNeitherSettingsNorTheDatabaseItself() {
    List<DumpEntry> nothing =
        List.of(
            entry(1, "ENCODING", "ENCODING", "", Section.PRE_DATA),
            entry(2, "STDSTRINGS", "STDSTRINGS", "", Section.PRE_DATA),
            entry(3, "SEARCHPATH", "SEARCHPATH", "", Section.PRE_DATA),
            entry(4, "DATABASE", "shop", "alice", Section.PRE_DATA),
            entry(5, "DATABASE PROPERTIES", "shop", "alice", Section.PRE_DATA),
            entry(6, "ACL", "DATABASE shop", "alice", Section.PRE_DATA, 4));
    var entries = new DumpEntries(ROLES, nothing);
    assertThat(entries.owners()).isEmpty();
    assertThat(entries.whole()).isEmpty();
    assertThat(entries.definitions()).isEmpty();
  }

  @Test
  void subscriptionsOfOwnersAreCreatedForThem() {
    DumpEntry subscription = entry(1, "SUBSCRIPTION", "s", "alice", Section.POST_DATA);
    DumpEntry comment = entry(2, "COMMENT", "SUBSCRIPTION s", "alice", Section.POST_DATA, 1);
    assertThat(new DumpEntries(ROLES, List.of(subscription, comment)).others())
        .containsExactly(
            new Step(false, false, List.of(subscription)), new Step(true, false, List.of(comment)));
  }

  private static DumpEntry entry(
      int id, String kind, String tag, String owner, Section section, Integer... dependencies) {
    return new DumpEntry(id, kind, tag, "s", owner, section, "", List.of(dependencies));
  }
}
