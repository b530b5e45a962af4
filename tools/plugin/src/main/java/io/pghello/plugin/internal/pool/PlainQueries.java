// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.BoundedCache.Recent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which queries return rows that can be read without converting them to JSON on the
 * server. This conversion costs more than reading the row itself. Also remembers which queries have
 * side effects. Each check takes a round trip, so only frequent queries are checked. Thread-safe.
 */
public final class PlainQueries {
  /**
   * States of a query, depending on whether its result can be read without server-side conversion
   * to JSON.
   */
  public enum Answer {
    /** The query has not run often enough to be checked. */
    RARE,
    /** The query has not been checked, and should be. */
    UNKNOWN,
    /** All columns can be read without server-side conversion to JSON. */
    PLAIN,
    /** At least one column requires server-side conversion to JSON. */
    OTHER
  }

  /** Side effects of a query. */
  public enum Effects {
    /** The query may change rows or the session. */
    POSSIBLE,
    /**
     * The query has no side effects, but a role that is neither the connection's role nor a
     * superuser can change that.
     */
    NONE_YET,
    /**
     * The query has no side effects, and only the connection's role and superusers can change that.
     */
    NONE
  }

  // The driver's threshold for preparing a statement.
  private static final int OFTEN = 5;
  private static final int CACHED_MAX = 500;

  private final Map<String, Integer> columns = BoundedCache.of(CACHED_MAX);
  private final Map<String, Recent<Effects>> effects = BoundedCache.of(CACHED_MAX);
  private final Map<String, Integer> runs = BoundedCache.of(CACHED_MAX);

  /**
   * Counts a run of a query, and returns whether its result can be read without server-side
   * conversion to JSON.
   */
  public Answer run(String sql) {
    Integer known = columns.get(sql);
    if (known != null) {
      return known == 0 ? Answer.OTHER : Answer.PLAIN;
    }
    return sql.length() <= BoundedCache.TEXT_MAX && runs.merge(sql, 1, Integer::sum) >= OFTEN
        ? Answer.UNKNOWN
        : Answer.RARE;
  }

  /**
   * Records the result of a check.
   *
   * @param count the number of columns; 0 if a column requires server-side conversion to JSON
   */
  public void answered(String sql, int count) {
    runs.remove(sql);
    columns.put(sql, count);
  }

  /**
   * Returns the number of columns of a query; 0 if a column requires server-side conversion to
   * JSON, or if the query has not been checked.
   */
  public int columns(String sql) {
    return columns.getOrDefault(sql, 0);
  }

  /**
   * Returns the side effects of a query; null if they are unknown, or were determined more than a
   * minute ago. The information expires because the meaning of the query's names may change.
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
