// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.internal.BoundedCache;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Failures.Detail;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The pools by id. Limits the number of pools and the total number of connections. Thread-safe. */
public final class Pools implements AutoCloseable {
  private static final Pattern ID = Pattern.compile("[^\\p{Cntrl}\\p{Cs}]{1,128}");
  private static final int REFUSED_MAX = 1_000;
  private static final long GRACE_MILLIS = 10_000;

  private final PluginContext context;
  private final Map<String, CompletableFuture<Pool>> pools = new ConcurrentHashMap<>();
  private final Map<ConnectionConfig, LoginDataSource.Refusals> refused =
      BoundedCache.of(REFUSED_MAX);
  private final Map<Object, ConnectionConfig> reserved = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** Creates an empty set of pools. */
  public Pools(PluginContext context) {
    this.context = context;
  }

  /**
   * Returns the pool for an id, and marks the pool as used until {@link Pool#release()} is called.
   * Opens the pool if necessary.
   *
   * @param json the configuration; null to fail if the pool is not open
   */
  public Pool acquire(String id, @Nullable JsonNode json) {
    while (true) {
      CompletableFuture<Pool> known = pools.get(id);
      Pool pool = known == null ? openOnce(id, json) : join(known);
      if (pool != null && pool.retain()) {
        try {
          if (json != null) {
            pool.requireSame(json);
          }
          return pool;
        } catch (RuntimeException e) {
          pool.release();
          throw e;
        }
      } else if (pool != null) {
        close(pool);
      }
    }
  }

  /** Rejects an invalid id or configuration. */
  public static void check(String id, JsonNode json) {
    requireId(id);
    var unused = ConfigReader.read(json);
  }

  /**
   * If the pool for an id is open, returns it, and marks it as used until {@link Pool#release()} is
   * called.
   */
  public Optional<Pool> find(String id) {
    return Optional.ofNullable(pools.get(id))
        .filter(Pools::isOpen)
        .map(CompletableFuture::join)
        .filter(Pool::retain);
  }

  /** Returns the open pools. */
  public List<Pool> open() {
    return pools.values().stream().filter(Pools::isOpen).map(CompletableFuture::join).toList();
  }

  private static boolean isOpen(CompletableFuture<Pool> known) {
    return known.isDone() && !known.isCompletedExceptionally();
  }

  /** Closes a pool. */
  public void close(Pool pool) {
    // The pool's connections count towards the limit until they are closed.
    pool.close();
    forget(pool);
  }

  /** Closes the pools that have been idle longer than the context's timeout. */
  public void closeIdle() {
    for (Pool pool : open()) {
      if (pool.closeUnused(context.poolIdleTimeout().toNanos())) {
        forget(pool);
      }
    }
  }

  /** Closes all pools permanently. */
  @Override
  public void close() {
    closed = true;
    open().forEach(this::close);
  }

  /** Opens a pool, or returns null if another thread is opening it. */
  private @Nullable Pool openOnce(String id, @Nullable JsonNode json) {
    requireId(id);
    if (closed) {
      throw Failures.of(Code.CLOSED, "The plugin is closed.");
    }
    if (json == null) {
      throw Failures.withRemedy(
          Code.NOT_CONNECTED, "No connection has this id.", "Connect, or pass the configuration.");
    }
    ConnectionConfig config = ConfigReader.read(json);
    var mine = new CompletableFuture<Pool>();
    if (pools.putIfAbsent(id, mine) != null) {
      return null;
    }
    try {
      Pool pool = open(id, json.deepCopy(), config, mine);
      mine.complete(pool);
      if (closed) {
        open().forEach(this::close);
      }
      return pool;
    } catch (RuntimeException | Error e) {
      pools.remove(id, mine);
      unreserve(mine);
      mine.completeExceptionally(e);
      throw e;
    }
  }

  private Pool open(
      String id, JsonNode json, ConnectionConfig config, CompletableFuture<Pool> place) {
    reserve(place, config);
    Permissions permissions = Objects.requireNonNull(context.permissions().apply(id));
    LoginDataSource.Refusals refusals =
        refused.getOrDefault(config, new LoginDataSource.Refusals());
    var limits =
        new LoginDataSource.Limits(
            permissions.maxBytes(),
            context.transactionLease().toMillis() + GRACE_MILLIS,
            config.maxTimeoutMillis(permissions) + GRACE_MILLIS);
    var logins = new LoginDataSource(config, limits, refusals);
    Server server = firstContact(config, logins, refusals);
    requireRoom(config, server.connectionLimit());
    return new Pool(id, json, config, logins, server, permissions.maxBytes());
  }

  /** Opens one connection outside the pool, and queries data about the server. */
  private Server firstContact(
      ConnectionConfig config, LoginDataSource logins, LoginDataSource.Refusals refusals) {
    int attempts = config.autoReconnect() ? config.maxReconnectAttempts() : 0;
    for (int attempt = 0; ; attempt++) {
      try (Connection connection = logins.getConnection()) {
        refused.remove(config);
        return Server.of(connection);
      } catch (SQLException e) {
        if (ServerErrors.isRefused(e)) {
          refused.put(config, refusals);
        }
        if (attempt >= attempts || !ServerErrors.mayPass(e) || closed) {
          throw ServerErrors.connecting(e, config);
        }
        pause(config, e);
      }
    }
  }

  private static void pause(ConnectionConfig config, SQLException failure) {
    try {
      Thread.sleep(config.reconnectIntervalMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ServerErrors.connecting(failure, config);
    }
  }

  private void reserve(CompletableFuture<Pool> place, ConnectionConfig config) {
    reserved.put(place, config);
    while (reserved.size() > context.maxPools()
        || reserved.values().stream().mapToInt(ConnectionConfig::max).sum()
            > context.maxConnections()) {
      if (!mayFit(config) || !closeOldest()) {
        throw Failures.builder(
                Code.LIMIT_REACHED, "The plugin's limit on pools or connections was reached.")
            .with(Detail.POOLS, context.maxPools())
            .with(Detail.CONNECTIONS, context.maxConnections())
            .remedy("Decrease pool.max, close other connections, or increase the limits.")
            .build();
      }
    }
  }

  /** Returns whether a pool would be within the limits if all unused pools were closed. */
  private boolean mayFit(ConnectionConfig config) {
    List<Pool> used = open().stream().filter(Pool::isUsed).toList();
    return used.size() < context.maxPools()
        && config.max() + used.stream().mapToInt(pool -> pool.config().max()).sum()
            <= context.maxConnections();
  }

  private void requireRoom(ConnectionConfig config, int limit) {
    int sum =
        reserved.values().stream()
            .filter(other -> other.host().equals(config.host()) && other.port() == config.port())
            .mapToInt(ConnectionConfig::max)
            .sum();
    if (sum > limit) {
      throw Failures.builder(
              Code.LIMIT_REACHED, "The pools for this server could exceed its connection limit.")
          .with(Detail.CONNECTIONS, sum)
          .with(Detail.LIMIT, limit)
          .remedy("Decrease pool.max, or increase max_connections on the server.")
          .build();
    }
  }

  /** Closes the least recently used of the idle pools. Returns false if all pools are in use. */
  private boolean closeOldest() {
    long now = System.nanoTime();
    List<Pool> oldest =
        open().stream().sorted(Comparator.comparingLong(pool -> pool.lastUsed() - now)).toList();
    for (Pool pool : oldest) {
      if (pool.closeUnused(0)) {
        forget(pool);
        return true;
      }
    }
    return false;
  }

  private void forget(Pool pool) {
    CompletableFuture<Pool> known = pools.get(pool.id());
    if (known != null && known.getNow(null) == pool && pools.remove(pool.id(), known)) {
      unreserve(known);
    }
  }

  private void unreserve(Object place) {
    reserved.remove(place);
  }

  private static Pool join(CompletableFuture<Pool> pool) {
    try {
      return pool.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof PostgresException known) {
        throw known;
      }
      throw e;
    }
  }

  private static void requireId(String id) {
    if (!ID.matcher(id).matches()) {
      throw Failures.badRequest(
          "A connection id must have 1 to 128 characters, without control characters.");
    }
  }
}
