// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.poolers;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.pghello.PgHelloClient;
import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Sql;
import io.pghello.hibernate.NowMillis;
import io.pghello.hibernate.WelcomeMessage;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PluginContext;
import io.pghello.plugin.PostgresConnection;
import io.pghello.plugin.PostgresPlugin;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** The client, Hibernate, jOOQ and the plugin, connected to one database. */
public final class Parts implements AutoCloseable {
  private static final int CONNECTIONS = 6;

  /** An entity whose values are filled by a prefetch query. */
  @Entity(name = "visitors")
  static class Visitor {
    @Id int id;
    @Nullable String name;

    @WelcomeMessage(of = "name")
    @Nullable String greeting;

    @NowMillis long at;

    Visitor() {}

    Visitor(int id, String name) {
      this.id = id;
      this.name = name;
    }
  }

  private final HikariDataSource pool;
  private final PostgresPlugin plugin;
  final PgHelloClient client;
  final SessionFactory sessions;
  final DSLContext jooq;
  final PostgresConnection connection;

  /**
   * Connects all parts.
   *
   * @param prepares whether the driver may use named prepared statements
   * @param patience the timeout of each part for a connection and for a result
   */
  public Parts(Address address, boolean prepares, Duration patience) {
    pool = pool(address, prepares, patience);
    client = client(address, prepares, patience);
    sessions = sessions(pool);
    jooq = DSL.using(pool, SQLDialect.POSTGRES);
    plugin = PostgresPlugin.initialize(PluginContext.defaults().withPermissions(Permissions.all()));
    connection = plugin.connect("all", config(address, prepares, patience));
  }

  /** Creates the tables. */
  public static void createTables(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      Sql.execute(
          connection,
          "CREATE TABLE visitors (id int PRIMARY KEY, name text, greeting text, at bigint)",
          "CREATE TABLE guests (id int PRIMARY KEY, name text)");
    }
  }

  /** Returns only a pool. */
  static HikariDataSource pool(Address address, boolean prepares, Duration patience) {
    var config = new HikariConfig();
    config.setJdbcUrl(url(address, prepares));
    config.setUsername(address.user());
    config.setPassword(address.password());
    config.setMaximumPoolSize(CONNECTIONS);
    config.setConnectionTimeout(patience.toMillis());
    return new HikariDataSource(config);
  }

  /** Returns only Hibernate. */
  static SessionFactory sessions(DataSource pool) {
    var configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", pool);
    return configuration.addAnnotatedClass(Visitor.class).buildSessionFactory();
  }

  /** Returns only a client. */
  static PgHelloClient client(Address address, boolean prepares, Duration patience) {
    return PgHelloClient.builder()
        .url(url(address, prepares))
        .user(address.user())
        .password(address.password())
        .callTimeout(patience)
        .statementTimeout(patience)
        .pool(
            pool -> {
              pool.setMaximumPoolSize(2 * CONNECTIONS);
              pool.setConnectionTimeout(patience.toMillis());
            })
        .build();
  }

  private static String url(Address address, boolean prepares) {
    return address.jdbcUrl() + (prepares ? "" : "?prepareThreshold=0");
  }

  private static ObjectNode config(Address address, boolean prepares, Duration patience) {
    ObjectNode config =
        JsonNodeFactory.instance
            .objectNode()
            .put("host", address.host())
            .put("port", address.port())
            .put("database", address.database())
            .put("user", address.user())
            .put("ssl", false)
            .put("max", CONNECTIONS)
            .put("connectionTimeoutMillis", patience.toMillis());
    if (!address.password().isEmpty()) {
      config.put("password", address.password());
    }
    config
        .putObject("options")
        .put("preparedStatements", prepares)
        .put("queryTimeout", patience.toMillis());
    return config;
  }

  @Override
  public void close() {
    plugin.close();
    sessions.close();
    client.close();
    pool.close();
  }
}
