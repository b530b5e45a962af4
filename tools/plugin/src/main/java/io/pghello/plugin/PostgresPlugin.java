// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.internal.Failures;
import io.pghello.plugin.internal.Json;
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
 * Named connections to PostgreSQL, each a pool with permissions. {@link #execute} takes JSON and
 * answers JSON; {@link #connect(String, JsonNode)} returns the same operations with types.
 *
 * <p>Connections only read, and take no SQL, unless {@link PluginContext#permissions()} says more.
 *
 * <p>Thread-safe. Threads that it starts end no program and keep none alive.
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

  /** Returns a plugin, which opens no connection yet. */
  public static PostgresPlugin initialize(PluginContext context) {
    return new PostgresPlugin(Objects.requireNonNull(context, "context"));
  }

  /**
   * Opens a connection, unless it is open with the same configuration. The first contact takes a
   * connection of its own, some round trips.
   *
   * @param id a name of 1 to 128 characters, as in {@code user-123:production-db}
   * @param config host, port, database, user and so on, as the guide's page lists them
   * @throws PostgresException if the configuration is wrong, the server cannot be reached, or there
   *     is a connection of this id with another configuration
   */
  public PostgresConnection connect(String id, JsonNode config) {
    return new PostgresConnection(this, id, open(id, config));
  }

  /**
   * Opens the connection {@value PluginContext#DEFAULT_ID}, whose configuration the context has.
   *
   * @throws PostgresException as {@link #connect(String, JsonNode)} does
   * @throws IllegalStateException if the context has none
   */
  public PostgresConnection connect() {
    JsonNode config = context.config();
    if (config == null) {
      throw new IllegalStateException("the context has no configuration: see withConfig");
    }
    return connect(PluginContext.DEFAULT_ID, config);
  }

  /**
   * Refuses what {@link #connect(String, JsonNode)} refuses without asking a server.
   *
   * @throws PostgresException if the id or the configuration is wrong
   */
  public static void check(String id, JsonNode config) {
    Pools.check(id, config);
  }

  /** Returns whether a connection is open and its server answers; asks it, in a round trip. */
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
   * Closes a connection: its transactions are rolled back, and its statements aborted.
   *
   * @return whether it was open
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

  /** Closes all connections, as {@link #disconnect} does. Others may be opened afterwards. */
  public void closeAllConnections() {
    pools.open().forEach(pool -> disconnect(pool.id()));
  }

  /**
   * Does an operation, and answers {@code {"success": true, "data": …, "durationMillis": …}}, or
   * {@code {"success": false, "error": {"code", "message", "details", "timestamp"}}}. Never throws.
   *
   * @param connectionId the connection's id
   * @param config its configuration, with which it is opened if need be; null if it must be open
   * @param operation one of {@link #operations()}
   * @param parameters as the operation's schema says; null for none
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
   * Does an operation as {@link #execute(String, JsonNode, String, JsonNode)} does, and hands its
   * answer on before the connection is given back, which may take a round trip. Cancels its
   * statement when somebody does not need it any more; it then answers as if its time were over. A
   * call that still waits for a connection waits on, and runs nothing. Throws what taker does.
   *
   * @param cancellation cancels the call once it completes, well or not; null if nobody does. One
   *     for each call: until it completes, it keeps what it would cancel
   * @param taker takes the answer, on this thread; the connection is in use until it returns
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
          throw Failures.badRequest("A call needs the id of a connection, and an operation.");
        }
        answer.set("data", call(connectionId, config, operation, parameters, caller));
        answer.put("durationMillis", (System.nanoTime() - begun) / NANOS_PER_MILLI);
      } catch (RuntimeException e) {
        answer = Failures.toJson(e);
      }
      taker.accept(answer);
    }
  }

  /** Does an operation, and returns its result; throws what {@link #execute} says in JSON. */
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
      String what = given.path("sql").asText(given.path("table").asText(""));
      pool.logOperation(operation, what, duration, failed);
      caller.rest().add(pool::release);
    }
  }

  /** Opens a connection; returns the pool's own configuration, which is compared fastest. */
  JsonNode open(String id, JsonNode config) {
    return use(
        pools.acquire(id, config),
        pool -> {
          var unused = permissions(pool);
          return pool.json();
        });
  }

  /** Returns what a connection may do; refuses a role that makes more of it than that. */
  private Permissions permissions(Pool pool) {
    Permissions permissions = Objects.requireNonNull(context.permissions().apply(pool.id()));
    String powers = pool.server().powers();
    if (powers != null && permissions.readOnly() && !permissions.privileged()) {
      throw Failures.builder(
              PostgresException.Code.NOT_ALLOWED,
              "The connection only reads, but its role has "
                  + powers
                  + ": what that does, no rollback undoes.")
          .reason(PostgresException.Reason.PRIVILEGED)
          .remedy(
              "Log in as a role without: CREATE ROLE agent LOGIN PASSWORD '…'; GRANT SELECT ON … TO"
                  + " agent. Or have its permissions say privileged.")
          .build();
    }
    return permissions;
  }

  /** Returns whether the role of a connection, which is open, owns tables or views. */
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

  /** Returns what connections have and did, by their ids, for those that are open. */
  public Map<String, ConnectionStats> stats() {
    Map<String, ConnectionStats> stats = new LinkedHashMap<>();
    pools.open().forEach(pool -> stats.put(pool.id(), pool.stats()));
    return stats;
  }

  /** Returns how many operations have ended, on connections that are closed now, too. */
  public long operationCount() {
    return counters.count();
  }

  /** Returns how many of them failed. */
  public long errorCount() {
    return counters.errors();
  }

  /** Returns the operations, with the schemas of what they take and answer. */
  public List<PluginOperation> operations() {
    return OperationTable.list();
  }

  /** Closes all connections; none can be opened any more. A second call does nothing. */
  @Override
  public void close() {
    closeAllConnections();
    pools.close();
    timeouts.close();
  }
}
