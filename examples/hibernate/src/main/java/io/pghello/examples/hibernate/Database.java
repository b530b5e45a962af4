// SPDX-License-Identifier: MIT
package io.pghello.examples.hibernate;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.boot.model.naming.PhysicalNamingStrategySnakeCaseImpl;
import org.hibernate.cfg.BatchSettings;
import org.hibernate.cfg.JdbcSettings;
import org.hibernate.cfg.MappingSettings;
import org.hibernate.cfg.SchemaToolingSettings;
import org.hibernate.jpa.HibernatePersistenceConfiguration;

/** Sets up the pool and Hibernate. The extension's functions need no configuration. */
final class Database {
  private Database() {}

  /** Opens a pool. */
  static HikariDataSource pool(String jdbcUrl) {
    var config = new HikariConfig();
    config.setJdbcUrl(jdbcUrl);
    config.setMinimumIdle(0);
    // makes the driver send a batch of inserts as one statement with many rows
    config.addDataSourceProperty("reWriteBatchedInserts", "true");
    return new HikariDataSource(config);
  }

  /**
   * Starts Hibernate, which creates the tables. Fails if the tables already exist.
   *
   * @param schema the schema of the tables, which may be different from the extension's schema
   */
  static SessionFactory sessionFactory(DataSource pool, String schema) {
    return new HibernatePersistenceConfiguration("users")
        .managedClass(User.class)
        .property(JdbcSettings.JAKARTA_NON_JTA_DATASOURCE, pool)
        .property(BatchSettings.STATEMENT_BATCH_SIZE, Users.BATCH)
        .property(MappingSettings.DEFAULT_SCHEMA, schema)
        .property(
            MappingSettings.PHYSICAL_NAMING_STRATEGY, PhysicalNamingStrategySnakeCaseImpl.class)
        .property(SchemaToolingSettings.JAKARTA_HBM2DDL_DATABASE_ACTION, "create")
        .property(SchemaToolingSettings.HBM2DDL_HALT_ON_ERROR, true)
        .createEntityManagerFactory();
  }
}
