// SPDX-License-Identifier: MIT
package io.pghello.plugin.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.pghello.plugin.ConnectionStats;
import io.pghello.plugin.PostgresPlugin;
import java.util.function.ToDoubleFunction;

/**
 * Meters with the totals over all connections of a plugin. {@code new
 * PluginMetrics(plugin).bindTo(registry)} registers them.
 *
 * <ul>
 *   <li>{@code pghello.plugin.connections}, with the tag {@code state} ({@code total}, {@code
 *       idle}, {@code waiting}, {@code max})
 *   <li>{@code pghello.plugin.pools}
 *   <li>{@code pghello.plugin.operations} and {@code pghello.plugin.errors}, which include
 *       operations on connections that are now closed
 * </ul>
 *
 * Connection ids are not tags, because there may be many of them, and they may identify people.
 */
public final class PluginMetrics implements MeterBinder {
  private final PostgresPlugin plugin;

  /** Creates the meters. {@link #bindTo} registers them. */
  public PluginMetrics(PostgresPlugin plugin) {
    this.plugin = plugin;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    gauge(registry, "total", ConnectionStats::total);
    gauge(registry, "idle", ConnectionStats::idle);
    gauge(registry, "waiting", ConnectionStats::waiting);
    gauge(registry, "max", ConnectionStats::max);
    Gauge.builder("pghello.plugin.pools", plugin, known -> known.stats().size())
        .description("Number of open pools")
        .register(registry);
    counter(
        registry, "operations", "Number of completed operations", PostgresPlugin::operationCount);
    counter(registry, "errors", "Number of failed operations", PostgresPlugin::errorCount);
  }

  private void gauge(
      MeterRegistry registry, String state, ToDoubleFunction<ConnectionStats> value) {
    Gauge.builder("pghello.plugin.connections", plugin, known -> sum(known, value))
        .tag("state", state)
        .description("Number of connections, and of callers waiting for one")
        .register(registry);
  }

  private void counter(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<PostgresPlugin> value) {
    FunctionCounter.builder("pghello.plugin." + name, plugin, value)
        .description(description)
        .register(registry);
  }

  private static double sum(PostgresPlugin plugin, ToDoubleFunction<ConnectionStats> value) {
    return plugin.stats().values().stream().mapToDouble(value).sum();
  }
}
