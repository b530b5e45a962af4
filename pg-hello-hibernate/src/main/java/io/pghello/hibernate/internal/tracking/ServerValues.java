// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.tracking;

import io.pghello.hibernate.internal.attribute.ServerValueAttribute;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Values that the server computed for one entity, at most one per attribute.
 *
 * <p>Thread-safe, because a session factory may share immutable entities among its sessions.
 */
public final class ServerValues {
  /**
   * A value.
   *
   * @param name the greeted name; null for a time
   * @param next the value of another attribute; null at the end of the list
   */
  public record ServerValue(
      ServerValueAttribute attribute,
      @Nullable String name,
      Object value,
      @Nullable ServerValue next) {}

  // a linked list, because an entity has only a few annotated attributes
  private volatile @Nullable ServerValue first;

  /** Returns the head of the list; null if it is empty. */
  @Nullable ServerValue first() {
    return first;
  }

  /**
   * Sets the value of an attribute, replacing an earlier one.
   *
   * @param name the greeted name; null for a time
   */
  public synchronized void put(
      ServerValueAttribute attribute, @Nullable String name, Object value) {
    remove(attribute);
    first = new ServerValue(attribute, name, value, first);
  }

  public synchronized void putAll(ServerValues others) {
    for (ServerValue each = others.first; each != null; each = each.next) {
      put(each.attribute, each.name, each.value);
    }
  }

  synchronized void remove(ServerValueAttribute attribute) {
    if (of(attribute) == null) {
      return;
    }
    ServerValue kept = null;
    for (ServerValue each = first; each != null; each = each.next) {
      if (!each.attribute.equals(attribute)) {
        kept = new ServerValue(each.attribute, each.name, each.value, kept);
      }
    }
    first = kept;
  }

  void clear() {
    first = null;
  }

  /** Returns the value of an attribute; null if there is none. */
  public @Nullable ServerValue of(ServerValueAttribute attribute) {
    for (ServerValue each = first; each != null; each = each.next) {
      if (each.attribute.equals(attribute)) {
        return each;
      }
    }
    return null;
  }

  /** Returns the attribute's time, or its greeting for exactly this name; null if there is none. */
  public @Nullable Object get(ServerValueAttribute attribute, @Nullable String name) {
    ServerValue serverValue = of(attribute);
    return serverValue != null && Objects.equals(serverValue.name, name) ? serverValue.value : null;
  }

  /** Returns the stored value of an attribute if it equals the given value; null otherwise. */
  @Nullable ServerValue find(ServerValueAttribute attribute, @Nullable Object value) {
    ServerValue serverValue = of(attribute);
    return serverValue != null && ServerValueAttribute.isSame(serverValue.value, value)
        ? serverValue
        : null;
  }
}
