// SPDX-License-Identifier: MIT
package io.pghello.plugin.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresPlugin;
import io.pghello.testkit.PgHelloTest;
import java.util.Objects;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.postgresql.Driver;

@PgHelloTest(create = false)
class PluginMetricsIT {
  @Test
  void countsAndMeasures(TestDatabase database) {
    Properties parts = Objects.requireNonNull(Driver.parseURL(database.jdbcUrl(), null));
    ObjectNode config =
        new ObjectMapper()
            .createObjectNode()
            .put("port", Integer.parseInt(parts.getProperty("PGPORT")))
            .put("database", parts.getProperty("PGDBNAME"))
            .put("user", parts.getProperty("user"))
            .put("password", parts.getProperty("password"))
            .put("max", 7);
    var registry = new SimpleMeterRegistry();
    try (PostgresPlugin plugin = PostgresPlugin.initialize(PluginContext.defaults())) {
      // region metrics
      new PluginMetrics(plugin).bindTo(registry);
      // endregion
      plugin.execute("one", config, "ping", null);
      plugin.execute("one", config, "nonsense", null);
      plugin.execute("two", config, "ping", null);
      assertThat(registry.get("pghello.plugin.connections").tag("state", "max").gauge().value())
          .isEqualTo(14);
      assertThat(registry.get("pghello.plugin.connections").tag("state", "idle").gauge().value())
          .isEqualTo(2);
      assertThat(registry.get("pghello.plugin.pools").gauge().value()).isEqualTo(2);
      assertThat(registry.get("pghello.plugin.operations").functionCounter().count()).isEqualTo(3);
      assertThat(registry.get("pghello.plugin.errors").functionCounter().count()).isEqualTo(1);
      plugin.disconnect("one");
      assertThat(registry.get("pghello.plugin.pools").gauge().value()).isEqualTo(1);
      assertThat(registry.get("pghello.plugin.operations").functionCounter().count()).isEqualTo(3);
      assertThat(registry.get("pghello.plugin.errors").functionCounter().count()).isEqualTo(1);
    }
  }
}
