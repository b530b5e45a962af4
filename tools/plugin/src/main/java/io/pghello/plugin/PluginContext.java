// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Settings that a program gives the plugin. Immutable; prints no configuration.
 *
 * @param config the configuration of the connection {@value #DEFAULT_ID}; null if there is none
 * @param permissions returns what a connection may do, by its id
 * @param maxPools the most pools that are open at a time, 1 to 10,000
 * @param maxConnections the most connections of all pools together, 1 to 100,000
 * @param poolIdleTimeout after which a pool that nobody used is closed; its next use opens it again
 * @param transactionLease after which a transaction by id is rolled back, at most an hour
 */
public record PluginContext(
    @Nullable JsonNode config,
    Function<String, Permissions> permissions,
    int maxPools,
    int maxConnections,
    Duration poolIdleTimeout,
    Duration transactionLease) {
  /** The id of the connection that {@link #config} is for. */
  public static final String DEFAULT_ID = "default";

  /**
   * Copies the configuration.
   *
   * @throws IllegalArgumentException if a limit is out of range
   */
  public PluginContext {
    config = config == null ? null : config.deepCopy();
    Objects.requireNonNull(permissions, "permissions");
    require("maxPools", maxPools, 1, 10_000);
    require("maxConnections", maxConnections, 1, 100_000);
    require("poolIdleTimeout in milliseconds", poolIdleTimeout.toMillis(), 1, 86_400_000);
    require("transactionLease in milliseconds", transactionLease.toMillis(), 1, 3_600_000);
  }

  /** Returns a copy of the configuration; null if there is none. */
  @Override
  public @Nullable JsonNode config() {
    return config == null ? null : config.deepCopy();
  }

  /** Returns the limits; a configuration may have passwords and keys, and is left out. */
  @Override
  public String toString() {
    return "PluginContext[maxPools=%s, maxConnections=%s, poolIdleTimeout=%s, transactionLease=%s]"
        .formatted(maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  static void require(String what, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          what + " must be between " + least + " and " + most + ", but is " + value);
    }
  }

  /**
   * Returns the defaults: {@link Permissions#read()} for all, 50 pools, 200 connections, pools
   * closed after 10 minutes, transactions by id rolled back after 30 seconds.
   */
  public static PluginContext defaults() {
    return new PluginContext(
        null, id -> Permissions.read(), 50, 200, Duration.ofMinutes(10), Duration.ofSeconds(30));
  }

  /** Returns this with a configuration for the connection {@value #DEFAULT_ID}. */
  public PluginContext withConfig(JsonNode config) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /** Returns this with the same permissions for all connections. */
  public PluginContext withPermissions(Permissions all) {
    Objects.requireNonNull(all, "permissions");
    return withPermissions(id -> all);
  }

  /**
   * Returns this with permissions by id.
   *
   * @param byId is asked at each call; thread-safe
   */
  public PluginContext withPermissions(Function<String, Permissions> byId) {
    return new PluginContext(
        config, byId, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /** Returns this with other limits of pools and of connections of all pools together. */
  public PluginContext withLimits(int maxPools, int maxConnections) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /** Returns this with another time after which unused pools are closed. */
  public PluginContext withPoolIdleTimeout(Duration poolIdleTimeout) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }

  /** Returns this with another time after which transactions by id are rolled back. */
  public PluginContext withTransactionLease(Duration transactionLease) {
    return new PluginContext(
        config, permissions, maxPools, maxConnections, poolIdleTimeout, transactionLease);
  }
}
