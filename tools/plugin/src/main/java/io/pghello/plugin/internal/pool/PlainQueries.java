// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.BoundedCache.Recent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which queries have columns that can be read without the server's JSON, and which
 * queries leave the session as it is. The server's JSON costs it more than the row. As it takes a
 * round trip to know, only queries that run often are looked up. Thread-safe.
 */
public final class PlainQueries {
  /** Knowledge about a query. */
  public enum Answer {
    /** It has not run often enough yet to be asked about. */
    RARE,
    /** It is to be asked about. */
    UNKNOWN,
    /** It has such columns. */
    PLAIN,
    /** It has others. */
    OTHER
  }

  // as often as the driver waits before it prepares a statement
  private static final int OFTEN = 5;
  private static final int CACHED_MAX = 500;

  private final Map<String, Answer> answers = BoundedCache.of(CACHED_MAX);
  private final Map<String, Recent<Boolean>> sessions = BoundedCache.of(CACHED_MAX);
  private final Map<String, Integer> runs = BoundedCache.of(CACHED_MAX);

  /** Counts a run of a query, and returns what is known of it. */
  public Answer run(String sql) {
    Answer known = answers.get(sql);
    if (known != null) {
      return known;
    }
    return sql.length() <= BoundedCache.TEXT_MAX && runs.merge(sql, 1, Integer::sum) >= OFTEN
        ? Answer.UNKNOWN
        : Answer.RARE;
  }

  /** Remembers an answer. */
  public void answered(String sql, boolean plain) {
    runs.remove(sql);
    answers.put(sql, plain ? Answer.PLAIN : Answer.OTHER);
  }

  /**
   * Returns whether a query leaves the session as it is; null if that is not known, or was asked
   * more than a minute ago, as others may have changed what its names mean.
   */
  public @Nullable Boolean keepsSession(String sql) {
    Recent<Boolean> known = sessions.get(sql);
    return (known == null || known.isOld()) ? null : known.value();
  }

  /** Remembers whether a query leaves the session as it is. */
  public void answeredSession(String sql, boolean kept) {
    sessions.put(sql, Recent.of(kept));
  }

  /** Forgets a query, whose columns may be others now. */
  public void forget(String sql) {
    runs.remove(sql);
    answers.remove(sql);
    sessions.remove(sql);
  }
}
