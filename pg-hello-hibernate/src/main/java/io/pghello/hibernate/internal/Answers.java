// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The server's answers for one entity, at most one for each of its attributes.
 *
 * <p>Thread-safe, since a session factory may share immutable entities among its sessions.
 */
final class Answers {
  /**
   * A value.
   *
   * @param name who is greeted; null if it is the time
   * @param next the answer for another attribute; null if there is none
   */
  record Answer(
      ServerValueAttribute attribute, @Nullable String name, Object value, @Nullable Answer next) {}

  // of a few attributes: shorter to go through than to look up
  private volatile @Nullable Answer first;

  /** Returns the answers, each of which has the next; null if there are none. */
  @Nullable Answer first() {
    return first;
  }

  /**
   * Adds the greeting of a name, or the time, which has none; replaces the attribute's earlier one.
   */
  synchronized void put(ServerValueAttribute attribute, @Nullable String name, Object value) {
    remove(attribute);
    first = new Answer(attribute, name, value, first);
  }

  synchronized void putAll(Answers others) {
    for (Answer each = others.first; each != null; each = each.next) {
      put(each.attribute, each.name, each.value);
    }
  }

  synchronized void remove(ServerValueAttribute attribute) {
    if (of(attribute) == null) {
      return;
    }
    Answer kept = null;
    for (Answer each = first; each != null; each = each.next) {
      if (!each.attribute.equals(attribute)) {
        kept = new Answer(each.attribute, each.name, each.value, kept);
      }
    }
    first = kept;
  }

  void clear() {
    first = null;
  }

  /** Returns the answer for an attribute; null if there is none. */
  @Nullable Answer of(ServerValueAttribute attribute) {
    for (Answer each = first; each != null; each = each.next) {
      if (each.attribute.equals(attribute)) {
        return each;
      }
    }
    return null;
  }

  /** Returns the time, or the greeting of just this name; null if it was not asked for. */
  @Nullable Object get(ServerValueAttribute attribute, @Nullable String name) {
    Answer answer = of(attribute);
    return answer != null && Objects.equals(answer.name, name) ? answer.value : null;
  }

  /** Returns the answer with this value; null if there is none. */
  @Nullable Answer find(ServerValueAttribute attribute, @Nullable Object value) {
    Answer answer = of(attribute);
    return answer != null && ServerValueAttribute.isSame(answer.value, value) ? answer : null;
  }
}
