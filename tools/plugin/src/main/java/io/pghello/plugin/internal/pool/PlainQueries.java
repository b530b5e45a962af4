// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.BoundedCache.Recent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which queries can be read without conversion to JSON by the server, which costs more
 * than the row itself; and which queries have side effects. Finding out takes a round trip, so this
 * is done only for frequent queries. Thread-safe.
 */
public final class PlainQueries {
  /** State of the knowledge about a query. */
  public enum Answer {
    /** It has not run often enough to be examined. */
    RARE,
    /** It should be examined. */
    UNKNOWN,
    /** All its columns can be read without the server's JSON. */
    PLAIN,
    /** It has other columns. */
    OTHER
  }

  /** Side effects of a query. */
  public enum Effects {
    /** The query may change rows or the session. */
    POSSIBLE,
    /** None, but roles other than the connection's role and superusers can change that. */
    NONE_YET,
    /** None, and only the connection's role and superusers can change that. */
    NONE
  }

  // The driver's threshold for preparing a statement.
  private static final int OFTEN = 5;
  private static final int CACHED_MAX = 500;

  private final Map<String, Integer> columns = BoundedCache.of(CACHED_MAX);
  private final Map<String, Recent<Effects>> effects = BoundedCache.of(CACHED_MAX);
  private final Map<String, Integer> runs = BoundedCache.of(CACHED_MAX);

  /** Counts a run of a query, and returns the state of the knowledge about it. */
  public Answer run(String sql) {
    Integer known = columns.get(sql);
    if (known != null) {
      return known == 0 ? Answer.OTHER : Answer.PLAIN;
    }
    return sql.length() <= BoundedCache.TEXT_MAX && runs.merge(sql, 1, Integer::sum) >= OFTEN
        ? Answer.UNKNOWN
        : Answer.RARE;
  }

  /** Records how many such columns a query has; 0 if it has others. */
  public void answered(String sql, int count) {
    runs.remove(sql);
    columns.put(sql, count);
  }

  /** Returns how many such columns a query has; 0 if it has others, or is not known. */
  public int columns(String sql) {
    return columns.getOrDefault(sql, 0);
  }

  /**
   * Returns the side effects of a query; null if they are unknown, or were found out more than a
   * minute ago, because the meaning of its names may have changed.
   */
  public @Nullable Effects effects(String sql) {
    Recent<Effects> known = effects.get(sql);
    return (known == null || known.isOld()) ? null : known.value();
  }

  /** Records the side effects of a query. */
  public void answeredEffects(String sql, Effects found) {
    effects.put(sql, Recent.of(found));
  }

  /** Forgets a query, because its columns may have changed. */
  public void forget(String sql) {
    runs.remove(sql);
    columns.remove(sql);
    effects.remove(sql);
  }
}
