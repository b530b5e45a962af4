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
 * user. If all of the client's own connections belong to the same database and user, the client
 * uses their entry without checking the connection.
 */
public final class Installations {
  private static final int MAX_PLACES = 1_000;

  private final ServerFunctions functions;
  private final @Nullable Map<ServerFunction, String> told;
  private final Map<String, Map<ServerFunction, String>> found = new ConcurrentHashMap<>();
  private final ReentrantLock writing = new ReentrantLock();

  /** The database and user of the client's own connections; null if unknown. */
  private @Nullable String ownPlace;

  /** Whether the client's own connections belong to different databases or users. */
  private boolean severalOwnPlaces;

  /** The entry for {@link #ownPlace}; null if it is unknown, or if there are several places. */
  private volatile @Nullable Map<ServerFunction, String> own;

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
   * @param anyPlace whether the connection may belong to another database than the client's own
   *     connections: it belongs to a caller, or the source of connections chooses the database
   */
  public @Nullable String statement(
      ServerFunction function, Connection connection, boolean anyPlace) throws SQLException {
    Map<ServerFunction, String> known = anyPlace ? told : own();
    if (known == null && told == null && !found.isEmpty()) {
      String place = place(connection);
      known = found.get(place);
      if (known != null && !anyPlace) {
        setOwn(place);
      }
    }
    return known == null ? null : known.get(function);
  }

  /**
   * Returns the statement that calls a function on the client's own connections, which must all
   * belong to the same database and user; null if it is unknown, or if the function cannot be
   * called.
   */
  public @Nullable String statement(ServerFunction function) {
    Map<ServerFunction, String> known = own();
    return known == null ? null : known.get(function);
  }

  /**
   * Caches the statements for the installation that the preflight found on this connection, unless
   * the schema is configured.
   *
   * @param anyPlace as in {@link #statement(ServerFunction, Connection, boolean)}
   */
  public void put(Preflight preflight, Connection connection, boolean anyPlace)
      throws SQLException {
    if (told == null) {
      var statements = new HashMap<ServerFunction, String>();
      String schema = preflight.schema();
      for (ServerFunction function : functions.all()) {
        if (schema != null && preflight.problemFor(function).isEmpty()) {
          statements.put(function, function.callIn(schema));
        }
      }
      put(place(connection), statements, anyPlace);
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
        refreshOwn();
      } finally {
        writing.unlock();
      }
    }
  }

  /**
   * Caches the statements for a database and user. Evicts another entry if the limit is reached.
   */
  void put(String place, Map<ServerFunction, String> statements, boolean anyPlace) {
    writing.lock();
    try {
      if (found.size() >= MAX_PLACES && !found.containsKey(place)) {
        found.remove(found.keySet().iterator().next());
      }
      found.put(place, statements);
      if (!anyPlace) {
        setOwn(place);
      }
      refreshOwn();
    } finally {
      writing.unlock();
    }
  }

  /** Records the database and user of one of the client's own connections. */
  private void setOwn(String place) {
    writing.lock();
    try {
      severalOwnPlaces |= ownPlace != null && !ownPlace.equals(place);
      ownPlace = place;
      refreshOwn();
    } finally {
      writing.unlock();
    }
  }

  private void refreshOwn() {
    own = ownPlace == null || severalOwnPlaces ? null : found.get(ownPlace);
  }

  /** Returns the number of entries (pairs of database and user). */
  int size() {
    return found.size();
  }

  /**
   * Returns the statements for the configured schema, or those for the client's own connections;
   * null if these are unknown or belong to different databases or users.
   */
  @Nullable Map<ServerFunction, String> own() {
    return told != null ? told : own;
  }

  /** Returns a key for the connection's database and user. Takes no round trip. */
  private static String place(Connection connection) throws SQLException {
    DatabaseMetaData metaData = connection.getMetaData();
    return metaData.getUserName() + ' ' + metaData.getURL();
  }
}
