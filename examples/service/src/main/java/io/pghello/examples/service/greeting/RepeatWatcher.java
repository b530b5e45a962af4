// SPDX-License-Identifier: MIT
package io.pghello.examples.service.greeting;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.pghello.examples.shared.GreetingConfig;
import io.pghello.examples.shared.NotificationListener;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Reloads the configured count when the database sends a notification of a change. The meter {@code
 * greeting.config.age} reports the seconds since the last reload.
 */
@Component
class RepeatWatcher implements SmartLifecycle {
  private final JdbcConnectionDetails database;
  private final HikariDataSource pool;
  private final ConfiguredRepeat configured;
  private final Settings settings;
  private volatile @Nullable NotificationListener listener;

  /**
   * The properties {@code greeting.config.*}.
   *
   * @param pollInterval the interval at which the count is reloaded even without a notification,
   *     because a pooler that shares sessions may not forward notifications
   */
  @ConfigurationProperties("greeting.config")
  record Settings(@DefaultValue("30s") Duration pollInterval) {}

  RepeatWatcher(
      JdbcConnectionDetails database,
      HikariDataSource pool,
      ConfiguredRepeat configured,
      Settings settings,
      MeterRegistry meters) {
    TimeGauge.builder("greeting.config.age", this, TimeUnit.SECONDS, RepeatWatcher::ageSeconds)
        .description("Time since the configured count was last read")
        .register(meters);
    this.database = database;
    this.pool = pool;
    this.configured = configured;
    this.settings = settings;
  }

  @Override
  public void start() {
    listener =
        NotificationListener.start(
            GreetingConfig.CHANNEL,
            () -> DriverManager.getConnection(database.getJdbcUrl(), logIn(database, pool)),
            settings.pollInterval(),
            configured::refresh);
  }

  private double ageSeconds() {
    NotificationListener running = listener;
    return running == null ? Double.NaN : running.sinceLastRun().toMillis() / 1000.0;
  }

  // use a dedicated connection, because a connection from the pool would never be returned
  static Properties logIn(JdbcConnectionDetails database, HikariConfig pool) {
    var properties = new Properties();
    // driver properties, for example for TLS
    properties.putAll(pool.getDataSourceProperties());
    properties.setProperty("ApplicationName", "greeting_service_config");
    properties.setProperty("connectTimeout", "2");
    properties.setProperty("socketTimeout", "5");
    if (database.getUsername() != null) {
      properties.setProperty("user", database.getUsername());
    }
    if (database.getPassword() != null) {
      properties.setProperty("password", database.getPassword());
    }
    return properties;
  }

  @Override
  public void stop() {
    NotificationListener running = listener;
    if (running != null) {
      running.close();
      listener = null;
    }
  }

  @Override
  public boolean isRunning() {
    return listener != null;
  }
}
