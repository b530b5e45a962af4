// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import io.pghello.plugin.internal.BoundedCache;
import java.util.Map;

/**
 * Which queries have columns that can be read without the server's JSON, which costs the server
 * more than the row. It takes a round trip to know, so queries are asked about that run often.
 * Thread-safe.
 */
public final class PlainQueries {
  /** What is known of a query. */
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
  private final Map<String, Integer> runs = BoundedCache.of(CACHED_MAX);

  /** Creates one that knows none. */
  PlainQueries() {}

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

  /** Forgets a query, whose columns may be others now. */
  public void forget(String sql) {
    runs.remove(sql);
    answers.remove(sql);
  }
}
