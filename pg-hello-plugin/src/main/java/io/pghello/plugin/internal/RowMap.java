// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Few values by their names, which all rows of a result share: a quarter of the memory of a map of
 * Java's. Once a member is added or removed, it is one of those. Not thread-safe.
 */
final class RowMap extends AbstractMap<String, JsonNode> {
  // beyond it, a place is found faster by a hash
  private static final int WIDTH_MAX = 16;

  private final String[] names;
  private final JsonNode[] values;
  private @Nullable Map<String, JsonNode> own;

  private RowMap(String[] names, JsonNode[] values) {
    this.names = names;
    this.values = values;
  }

  /**
   * Returns a map.
   *
   * @param names no two the same
   * @param values as many, which it keeps
   */
  static Map<String, JsonNode> of(String[] names, JsonNode[] values) {
    var map = new RowMap(names, values);
    return names.length <= WIDTH_MAX ? map : map.own();
  }

  /** Returns a map; of names that are the same, the last has its value there. */
  static Map<String, JsonNode> ofAny(String[] names, JsonNode[] values) {
    var map = new RowMap(names, values);
    return names.length <= WIDTH_MAX && map.isDistinct() ? map : map.own();
  }

  private boolean isDistinct() {
    for (int i = 1; i < names.length; i++) {
      if (find(names[i]) < i) {
        return false;
      }
    }
    return true;
  }

  private int find(@Nullable Object name) {
    for (int i = 0; i < names.length; i++) {
      if (names[i].equals(name)) {
        return i;
      }
    }
    return -1;
  }

  private Map<String, JsonNode> own() {
    if (own == null) {
      own = new LinkedHashMap<>(this);
    }
    return own;
  }

  @Override
  public @Nullable JsonNode get(@Nullable Object name) {
    if (own != null) {
      return own.get(name);
    }
    int place = find(name);
    return place < 0 ? null : values[place];
  }

  @Override
  public boolean containsKey(@Nullable Object name) {
    return own == null ? find(name) >= 0 : own.containsKey(name);
  }

  @Override
  public int size() {
    return own == null ? names.length : own.size();
  }

  @Override
  public @Nullable JsonNode put(String name, JsonNode value) {
    int place = own == null ? find(name) : -1;
    if (place < 0) {
      return own().put(name, value);
    }
    JsonNode before = values[place];
    values[place] = value;
    return before;
  }

  @Override
  public @Nullable JsonNode remove(@Nullable Object name) {
    return containsKey(name) ? own().remove(name) : null;
  }

  @Override
  public void clear() {
    own = new LinkedHashMap<>();
  }

  @Override
  public Set<Entry<String, JsonNode>> entrySet() {
    if (own != null) {
      return own.entrySet();
    }
    return new AbstractSet<>() {
      @Override
      public int size() {
        return RowMap.this.size();
      }

      @Override
      public Iterator<Entry<String, JsonNode>> iterator() {
        return own == null ? new Entries() : own.entrySet().iterator();
      }
    };
  }

  /** The members as they were at the beginning. */
  private final class Entries implements Iterator<Entry<String, JsonNode>> {
    private int next;

    @Override
    public boolean hasNext() {
      return next < names.length;
    }

    @Override
    public Entry<String, JsonNode> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      String name = names[next];
      return new SimpleEntry<>(name, values[next++]) {
        private static final long serialVersionUID = 1L;

        @Override
        public JsonNode setValue(JsonNode value) {
          put(name, value);
          return super.setValue(value);
        }
      };
    }

    @Override
    public void remove() {
      RowMap.this.remove(names[next - 1]);
    }
  }
}
