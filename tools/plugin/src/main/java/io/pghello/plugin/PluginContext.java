// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the plugin: permissions, limits and timeouts. Pass them to {@link
 * PostgresPlugin#initialize}.
 *
 * <pre>{@code
 * PluginContext context =
 *     PluginContext.defaults()
 *         .withPermissions(Permissions.write())
 *         .withLimits(10, 50);
 * }</pre>
 *
 * <p>Immutable. {@link #toString()} does not print the configuration.
 *
 * @param config the configuration of the connection {@value #DEFAULT_ID}; null for none
 * @param permissions the function that returns the permissions of a connection, given its id
 * @param maxPools the maximum number of open pools, 1 to 10,000
 * @param maxConnections the maximum total number of connections in all pools, 1 to 100,000
 * @param poolIdleTimeout the time after which an unused pool is closed; its next use opens it again
 * @param transactionLease the time after which a transaction started with {@code beginTransaction}
 *     is rolled back, at most 1 hour
 */
public record PluginContext(
    @Nullable JsonNode config,
    Function<String, Permissions> permissions,
    int maxPools,
    int maxConnections,
    Duration poolIdleTimeout,
    Duration transactionLease) {
  /** The id of the connection configured by {@link #config}. */
  public static final String DEFAULT_ID = "default";

  /**
   * Copies the configuration.
   *
   * @throws IllegalArgumentException if a limit is out of range
   */
  public PluginContext {
    config = config == null ? null : config.deepCopy();
    Objects.requireNonNull(permissions, "permissions");
    Permissions.require("maxPools", maxPools, 1, 10_000);
    Permissions.require("maxConnections", maxConnections, 1, 100_000);
    Permissions.require(
        "poolIdleTimeout in milliseconds", poolIdleTimeout.toMillis(), 1, 86_400_000);
    Permissions.require(
        "transactionLease in milliseconds", transactionLease.toMillis(), 1, 3_600_000);
  }

  /** Returns a copy of the configuration; null if there is none. */
  @Override
  public @Nullable JsonNode config() {
    return config == null ? null : config.deepCopy();
  }

  /** Returns the limits. Omits the configuration, which may contain passwords and keys. */
  @Override
  public String toString() {
    return "PluginContext[maxPools=%s, maxConnections=%s, poolIdleTimeout=%s, transactionLease=%s]"
        .formatted(maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /**
   * Returns the defaults: {@link Permissions#read()} for all connections, 50 pools, 200
   * connections, a pool idle timeout of 10 minutes, and a transaction lease of 30 seconds.
   */
  public static PluginContext defaults() {
    return new PluginContext(
        null, id -> Permissions.read(), 50, 200, Duration.ofMinutes(10), Duration.ofSeconds(30));
  }

  /** Returns a copy with a configuration for the connection {@value #DEFAULT_ID}. */
  public PluginContext withConfig(JsonNode config) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /** Returns a copy with the same permissions for all connections. */
  public PluginContext withPermissions(Permissions all) {
    Objects.requireNonNull(all, "permissions");
    return withPermissions(id -> all);
  }

  /**
   * Returns a copy with permissions by connection id.
   *
   * @param byId the function that is called for each operation; it must be thread-safe
   */
  public PluginContext withPermissions(Function<String, Permissions> byId) {
    return new PluginContext(
        config, byId, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /**
   * Returns a copy with different limits on the number of pools and on their total number of
   * connections.
   */
  public PluginContext withLimits(int maxPools, int maxConnections) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /** Returns a copy with a different idle timeout for pools. */
  public PluginContext withPoolIdleTimeout(Duration poolIdleTimeout) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /** Returns a copy with a different lease for transactions. */
  public PluginContext withTransactionLease(Duration transactionLease) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }
}
