// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Properties;
import javax.sql.DataSource;
import org.postgresql.Driver;

/** Helper methods for the plugin's tests. */
final class Plugins {
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();
  static final String ID = "user-123:production-db";

  private Plugins() {}

  /** Returns the configuration for a database. */
  static ObjectNode config(TestDatabase database) {
    return config(database.jdbcUrl());
  }

  static ObjectNode config(String url) {
    Properties parts = Objects.requireNonNull(Driver.parseURL(url, null));
    return JSON.createObjectNode()
        .put("host", parts.getProperty("PGHOST"))
        .put("port", Integer.parseInt(parts.getProperty("PGPORT")))
        .put("database", parts.getProperty("PGDBNAME"))
        .put("user", parts.getProperty("user"))
        .put("password", parts.getProperty("password"))
        .put("ssl", false);
  }

  /** Returns the configuration for a database behind a proxy. */
  static ObjectNode config(TestDatabase database, WireProxy proxy) {
    return config(database).put("host", proxy.host()).put("port", proxy.port());
  }

  static PostgresPlugin plugin(Permissions permissions) {
    return PostgresPlugin.initialize(PluginContext.defaults().withPermissions(permissions));
  }

  /** Parses JSON with apostrophes as quotes. */
  static JsonNode json(String text) {
    try {
      return JSON.readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  static ObjectNode sql(String sql, Object... params) {
    ObjectNode parameters = JSON.createObjectNode().put("sql", sql);
    parameters.set("params", JSON.valueToTree(params));
    return parameters;
  }

  static void run(DataSource source, String... statements) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the first value of a query as text. */
  static String value(DataSource source, String sql) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
