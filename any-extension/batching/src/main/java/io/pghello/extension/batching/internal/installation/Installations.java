// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.installation;

import io.pghello.extension.batching.Preflight;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.internal.ServerFunctions;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Caches the statements that call the installed functions, for at most 1,000 pairs of database and
 * user. If all connections of a client belong to the same database and user, the client uses the
 * only entry without checking the connection.
 */
public final class Installations {
  private static final int MAX_PLACES = 1_000;

  private final ServerFunctions functions;
  private final @Nullable Map<ServerFunction, String> told;
  private final Map<String, Map<ServerFunction, String>> found = new ConcurrentHashMap<>();
  private final ReentrantLock writing = new ReentrantLock();

  /** The database and user of the client's own connections; null if unknown. */
  private volatile @Nullable String ownPlace;

  private volatile @Nullable Map<ServerFunction, String> only;

  /**
   * Creates an empty cache.
   *
   * @param functions the functions that the client calls
   * @param schema the quoted schema of the functions in all databases; null to look up the schema
   */
  public Installations(ServerFunctions functions, @Nullable String schema) {
    this.functions = functions;
    this.told = schema == null ? null : all(functions, schema);
  }

  private static Map<ServerFunction, String> all(ServerFunctions functions, String schema) {
    var statements = new HashMap<ServerFunction, String>();
    for (ServerFunction function : functions.all()) {
      statements.put(function, function.callIn(schema));
    }
    return statements;
  }

  /**
   * Returns the statement that calls a function; null if the function's installation is unknown, or
   * if the function cannot be called.
   *
   * @param anyPlace whether the client's connections may belong to different databases, so that the
   *     only entry may be for a different database
   */
  public @Nullable String statement(
      ServerFunction function, Connection connection, boolean anyPlace) throws SQLException {
    Map<ServerFunction, String> known = only();
    if (told == null && (known == null || anyPlace)) {
      known = found.isEmpty() ? null : found.get(place(connection));
    }
    return known == null ? null : known.get(function);
  }

  /**
   * Returns the statement that calls a function on the client's own connections, which must all
   * belong to the same database and user; null if it is unknown, or if the function cannot be
   * called.
   */
  public @Nullable String statement(ServerFunction function) {
    Map<ServerFunction, String> known = told;
    String place = ownPlace;
    if (known == null && place != null) {
      known = found.get(place);
    }
    return known == null ? null : known.get(function);
  }

  /**
   * Caches the statements for the installation that the preflight found on this connection, unless
   * the schema is configured.
   *
   * @param own whether the connection is the client's own, and not a caller's
   */
  public void put(Preflight preflight, Connection connection, boolean own) throws SQLException {
    if (told == null) {
      var statements = new HashMap<ServerFunction, String>();
      String schema = preflight.schema();
      for (ServerFunction function : functions.all()) {
        if (schema != null && preflight.problemFor(function).isEmpty()) {
          statements.put(function, function.callIn(schema));
        }
      }
      String place = place(connection);
      put(place, statements);
      if (own) {
        ownPlace = place;
      }
    }
  }

  /**
   * Removes the entry for a connection's database and user, because the installation has changed.
   */
  public void forget(Connection connection) throws SQLException {
    if (told == null) {
      String place = place(connection);
      writing.lock();
      try {
        found.remove(place);
        only = found.size() == 1 ? found.values().iterator().next() : null;
      } finally {
        writing.unlock();
      }
    }
  }

  /**
   * Caches the statements for a database and user. Evicts another entry if the limit is reached.
   */
  void put(String place, Map<ServerFunction, String> statements) {
    writing.lock();
    try {
      if (found.size() >= MAX_PLACES && !found.containsKey(place)) {
        found.remove(found.keySet().iterator().next());
      }
      found.put(place, statements);
      only = found.size() == 1 ? statements : null;
    } finally {
      writing.unlock();
    }
  }

  /** Returns the number of entries (pairs of database and user). */
  int size() {
    return found.size();
  }

  /**
   * Returns the statements for the configured schema, or those of the only entry; null if there is
   * not exactly one entry.
   */
  @Nullable Map<ServerFunction, String> only() {
    return told != null ? told : only;
  }

  /** Returns a key for the connection's database and user. Takes no round trip. */
  private static String place(Connection connection) throws SQLException {
    DatabaseMetaData metaData = connection.getMetaData();
    return metaData.getUserName() + ' ' + metaData.getURL();
  }
}
