// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.internal.ErrorResult;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
import io.pghello.plugin.internal.operations.OperationDescriptions;
import io.pghello.plugin.internal.operations.OperationTable;
import io.pghello.plugin.internal.pool.Counters;
import io.pghello.plugin.internal.pool.Pool;
import io.pghello.plugin.internal.pool.Pools;
import io.pghello.plugin.internal.run.Caller;
import io.pghello.plugin.internal.run.Runner;
import io.pghello.plugin.internal.run.Timeouts;
import io.pghello.plugin.internal.run.Transactions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs operations on named connections to PostgreSQL. {@link #execute} accepts and returns JSON;
 * {@link #connect(String, JsonNode)} returns an object with typed methods for the same operations.
 *
 * <pre>{@code
 * try (PostgresPlugin plugin = PostgresPlugin.initialize(PluginContext.defaults())) {
 *   PostgresConnection connection = plugin.connect("shop", config);
 *   QueryResult adults = connection.find("users", Map.of("age", Map.of("gte", 18)));
 * }
 * }</pre>
 *
 * <p>Each connection is a pool with permissions. By default, connections are read-only and do not
 * accept SQL. {@link PluginContext#permissions()} can allow more.
 *
 * <p>Thread-safe. The plugin's threads are daemon threads. A failure in one of these threads does
 * not end the program.
 */
public final class PostgresPlugin implements AutoCloseable {
  private static final long IDLE_CHECK_MILLIS_MAX = 30_000;
  private static final double NANOS_PER_MILLI = 1e6;

  private final PluginContext context;
  private final Pools pools;
  private final Timeouts timeouts = new Timeouts();
  private final Transactions transactions;
  private final OperationTable operations;
  private final Counters counters = new Counters();

  private PostgresPlugin(PluginContext context) {
    this.context = context;
    this.pools = new Pools(context);
    this.transactions = new Transactions(timeouts, context.transactionLease().toMillis());
    this.operations = new OperationTable(new Runner(timeouts, transactions), transactions);
    long idle = Math.max(1, context.poolIdleTimeout().toMillis() / 2);
    timeouts.every(Math.min(idle, IDLE_CHECK_MILLIS_MAX), pools::closeIdle);
  }

  /** Creates a plugin. Does not open connections. */
  public static PostgresPlugin initialize(PluginContext context) {
    return new PostgresPlugin(Objects.requireNonNull(context, "context"));
  }

  /**
   * Opens a connection, unless it is already open with the same configuration. Opening a connection
   * takes several round trips on an additional server connection, which queries data about the
   * server.
   *
   * @param id a name of 1 to 128 characters, e.g. {@code user-123:production-db}
   * @param config the configuration: host, port, database, user and other options, as listed in the
   *     plugin's guide
   * @throws PostgresException if the configuration is invalid, the server is unreachable, or a
   *     connection with this id exists with a different configuration
   */
  public PostgresConnection connect(String id, JsonNode config) {
    return new PostgresConnection(this, id, open(id, config));
  }

  /**
   * Opens the connection {@value PluginContext#DEFAULT_ID} with the configuration of the context.
   *
   * @throws PostgresException in the same cases as {@link #connect(String, JsonNode)}
   * @throws IllegalStateException if the context has no configuration
   */
  public PostgresConnection connect() {
    JsonNode config = context.config();
    if (config == null) {
      throw new IllegalStateException("the context has no configuration: see withConfig");
    }
    return connect(PluginContext.DEFAULT_ID, config);
  }

  /**
   * Checks an id and a configuration without contacting a server.
   *
   * @throws PostgresException if the id or the configuration is invalid
   */
  public static void check(String id, JsonNode config) {
    Pools.check(id, config);
  }

  /** Returns whether a connection is open and its server responds. Takes a round trip. */
  public boolean isConnected(String id) {
    return pools.find(id).filter(pool -> use(pool, this::answers)).isPresent();
  }

  private boolean answers(Pool pool) {
    try (var caller = Caller.of(null)) {
      operations.run(pool, Permissions.read(), "ping", Json.object(), caller);
      return true;
    } catch (PostgresException e) {
      return false;
    }
  }

  /**
   * Closes a connection. Its transactions are rolled back, and its running statements are aborted.
   *
   * @return whether the connection was open
   */
  public boolean disconnect(String id) {
    return pools.find(id).filter(pool -> use(pool, this::close)).isPresent();
  }

  private boolean close(Pool pool) {
    try {
      pools.close(pool);
    } finally {
      transactions.endAll(pool);
    }
    return true;
  }

  /**
   * Closes all connections, like {@link #disconnect}. Connections can be opened again afterwards.
   */
  public void closeAllConnections() {
    pools.open().forEach(pool -> disconnect(pool.id()));
  }

  /**
   * Runs an operation, and returns {@code {"success": true, "data": …, "durationMillis": …}} or
   * {@code {"success": false, "error": {"code", "message", "details", "timestamp"}}}. Never throws.
   *
   * @param connectionId the connection's id
   * @param config the configuration with which to open the connection if it is not open; null to
   *     return an error in that case
   * @param operation one of {@link #operations()}
   * @param parameters the parameters, according to the operation's schema; null for none
   */
  public ObjectNode execute(
      @Nullable String connectionId,
      @Nullable JsonNode config,
      @Nullable String operation,
      @Nullable JsonNode parameters) {
    var answer = new AtomicReference<@Nullable ObjectNode>();
    execute(connectionId, config, operation, parameters, null, answer::set);
    return Objects.requireNonNull(answer.get());
  }

  /**
   * Runs an operation like {@link #execute(String, JsonNode, String, JsonNode)}, but delivers the
   * result before the connection is returned to the pool, because returning the connection may take
   * a round trip. The call can be cancelled. A cancelled call delivers the same result as a call
   * that times out. If a call is cancelled while it waits for a connection, it continues to wait,
   * and then does not run the operation. Exceptions thrown by {@code taker} are propagated.
   *
   * @param cancellation a stage that cancels the call when the stage completes, normally or
   *     exceptionally; null for none. Use a new stage for each call, because a stage references the
   *     call until the stage completes
   * @param taker the consumer that receives the result, on the calling thread; the connection is in
   *     use until the consumer returns
   */
  public void execute(
      @Nullable String connectionId,
      @Nullable JsonNode config,
      @Nullable String operation,
      @Nullable JsonNode parameters,
      @Nullable CompletionStage<?> cancellation,
      Consumer<ObjectNode> taker) {
    long begun = System.nanoTime();
    try (var caller = Caller.of(cancellation)) {
      ObjectNode answer = Json.object().put("success", true);
      try {
        if (connectionId == null || operation == null) {
          throw Failures.badRequest("A call requires a connection id and an operation.");
        }
        answer.set("data", call(connectionId, config, operation, parameters, caller));
        answer.put("durationMillis", (System.nanoTime() - begun) / NANOS_PER_MILLI);
      } catch (RuntimeException e) {
        answer = ErrorResult.of(e);
      }
      taker.accept(answer);
    }
  }

  /**
   * Runs an operation and returns its result. Throws the errors that {@link #execute} returns as
   * JSON.
   */
  JsonNode call(String id, JsonNode config, String operation, JsonNode parameters) {
    try (var caller = Caller.of(null)) {
      return call(id, config, operation, parameters, caller);
    }
  }

  private JsonNode call(
      String id,
      @Nullable JsonNode config,
      String operation,
      @Nullable JsonNode parameters,
      Caller caller) {
    JsonNode given = parameters == null || parameters.isNull() ? Json.object() : parameters;
    Pool pool = pools.acquire(id, config == null || config.isNull() ? null : config);
    long begun = System.nanoTime();
    boolean failed = true;
    try {
      Permissions permissions = permissions(pool);
      JsonNode result = operations.run(pool, permissions, operation, given, caller);
      failed = false;
      return result;
    } finally {
      long duration = System.nanoTime() - begun;
      pool.counters().ended(duration, failed);
      counters.ended(duration, failed);
      pool.logOperation(operation, given, duration, failed);
      caller.rest().add(pool::release);
    }
  }

  /**
   * Opens a connection, and returns the pool's copy of the configuration. Pass this copy to later
   * calls, because the pool can compare it faster than an equal copy.
   */
  JsonNode open(String id, JsonNode config) {
    return use(
        pools.acquire(id, config),
        pool -> {
          var unused = permissions(pool);
          return pool.json();
        });
  }

  /**
   * Returns the permissions of a connection. Rejects a read-only connection if its role can make
   * changes that a rollback does not undo.
   */
  private Permissions permissions(Pool pool) {
    Permissions permissions = Objects.requireNonNull(context.permissions().apply(pool.id()));
    String powers = pool.server().powers();
    if (powers != null && permissions.readOnly() && !permissions.privileged()) {
      throw Failures.builder(
              PostgresException.Code.NOT_ALLOWED,
              "The connection is read-only, but its role has "
                  + powers
                  + ", which allows changes that no rollback can undo.")
          .reason(PostgresException.Reason.PRIVILEGED)
          .remedy(
              "Log in as a role without such privileges: CREATE ROLE agent LOGIN PASSWORD '…'; "
                  + "GRANT SELECT ON … TO agent. Or set privileged in the permissions.")
          .build();
    }
    return permissions;
  }

  /**
   * Returns whether the login role of a connection, or a role that it can become, owned tables or
   * views when the connection was opened.
   */
  boolean ownsTables(String id, JsonNode config) {
    return use(pools.acquire(id, config), pool -> pool.server().owner());
  }

  private static <T> T use(Pool pool, Function<Pool, T> work) {
    try {
      return work.apply(pool);
    } finally {
      pool.release();
    }
  }

  /** Returns the statistics of all open connections, by id. */
  public Map<String, ConnectionStats> stats() {
    Map<String, ConnectionStats> stats = new LinkedHashMap<>();
    pools.open().forEach(pool -> stats.put(pool.id(), pool.stats()));
    return stats;
  }

  /**
   * Returns the number of completed operations, including operations on connections that are now
   * closed.
   */
  public long operationCount() {
    return counters.count();
  }

  /**
   * Returns the number of failed operations, including operations on connections that are now
   * closed.
   */
  public long errorCount() {
    return counters.errors();
  }

  /** Returns all operations, with the schemas of their parameters and results. */
  public List<PluginOperation> operations() {
    return OperationDescriptions.list();
  }

  /** Closes all connections permanently. A second call has no effect. */
  @Override
  public void close() {
    closeAllConnections();
    pools.close();
    timeouts.close();
  }
}
