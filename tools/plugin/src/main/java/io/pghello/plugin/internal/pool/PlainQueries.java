// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.BoundedCache.Recent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which queries can be read without conversion to JSON by the server, which costs more
 * than the row itself; and which queries do not change the session. Finding out takes a round trip,
 * so this is done only for frequent queries. Thread-safe.
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

  // The driver's threshold for preparing a statement.
  private static final int OFTEN = 5;
  private static final int CACHED_MAX = 500;

  private final Map<String, Integer> columns = BoundedCache.of(CACHED_MAX);
  private final Map<String, Recent<Boolean>> sessions = BoundedCache.of(CACHED_MAX);
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
   * Returns whether a query leaves the session unchanged; null if this is unknown, or was found out
   * more than a minute ago, because the meaning of its names may have changed.
   */
  public @Nullable Boolean keepsSession(String sql) {
    Recent<Boolean> known = sessions.get(sql);
    return (known == null || known.isOld()) ? null : known.value();
  }

  /** Records whether a query leaves the session unchanged. */
  public void answeredSession(String sql, boolean kept) {
    sessions.put(sql, Recent.of(kept));
  }

  /** Forgets a query, because its columns may have changed. */
  public void forget(String sql) {
    runs.remove(sql);
    columns.remove(sql);
    sessions.remove(sql);
  }
}
