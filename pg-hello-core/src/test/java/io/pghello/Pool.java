// SPDX-License-Identifier: MIT
package io.pghello;

import com.mchange.v2.c3p0.ComboPooledDataSource;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.AgroalConnectionPoolConfiguration.ConnectionValidator;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.exceptionsorter.PostgreSQLExceptionSorter;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;

/** The connection pools that the client supports. */
enum Pool {
  HIKARI {
    @Override
    DataSource start(String url, int size, Checks checks) {
      var config = new HikariConfig();
      config.setJdbcUrl(url);
      config.setMaximumPoolSize(size);
      if (checks == Checks.VALIDATING) {
        config.setConnectionTestQuery("SELECT 1");
      }
      if (checks == Checks.BOUNDED) {
        config.setValidationTimeout(500);
      }
      return new HikariDataSource(config);
    }
  },
  TOMCAT {
    @Override
    DataSource start(String url, int size, Checks checks) {
      var properties = new PoolProperties();
      properties.setUrl(url);
      properties.setDriverClassName("org.postgresql.Driver");
      properties.setMaxActive(size);
      properties.setMaxIdle(size);
      properties.setInitialSize(size);
      if (checks != Checks.DEFAULT) {
        properties.setTestOnBorrow(true);
        properties.setValidationInterval(0);
      }
      if (checks == Checks.VALIDATING) {
        properties.setValidationQuery("SELECT 1");
      }
      if (checks == Checks.BOUNDED) {
        properties.setValidationQueryTimeout(1);
      }
      return new org.apache.tomcat.jdbc.pool.DataSource(properties);
    }

    @Override
    void close(DataSource pool) {
      ((org.apache.tomcat.jdbc.pool.DataSource) pool).close(true);
    }
  },
  DBCP2 {
    @Override
    DataSource start(String url, int size, Checks checks) {
      var pool = new BasicDataSource();
      pool.setUrl(url);
      pool.setMaxTotal(size);
      pool.setMaxIdle(size);
      if (checks == Checks.VALIDATING) {
        pool.setValidationQuery("SELECT 1");
      }
      if (checks == Checks.BOUNDED) {
        pool.setValidationQueryTimeout(Duration.ofSeconds(1));
      }
      return pool;
    }
  },
  C3P0 {
    @Override
    DataSource start(String url, int size, Checks checks) {
      var pool = new ComboPooledDataSource();
      pool.setJdbcUrl(url);
      pool.setMinPoolSize(size);
      pool.setMaxPoolSize(size);
      pool.setInitialPoolSize(size);
      if (checks != Checks.DEFAULT) {
        pool.setTestConnectionOnCheckout(true);
      }
      if (checks == Checks.BOUNDED) {
        pool.setConnectionIsValidTimeout(1);
      }
      return pool;
    }
  },
  AGROAL {
    @Override
    DataSource start(String url, int size, Checks checks) throws SQLException {
      return AgroalDataSource.from(
          new AgroalDataSourceConfigurationSupplier()
              .connectionPoolConfiguration(
                  pool -> {
                    pool.maxSize(size)
                        .minSize(size)
                        // without this sorter, Agroal keeps handing out a dead connection
                        .exceptionSorter(new PostgreSQLExceptionSorter())
                        .acquisitionTimeout(Duration.ofSeconds(20))
                        .connectionFactoryConfiguration(factory -> factory.jdbcUrl(url));
                    if (checks == Checks.VALIDATING) {
                      pool.validateOnBorrow(true)
                          .connectionValidator(ConnectionValidator.defaultValidator());
                    }
                    if (checks == Checks.BOUNDED) {
                      pool.validateOnBorrow(true)
                          .connectionValidator(ConnectionValidator.defaultValidatorWithTimeout(1));
                    }
                    return pool;
                  }));
    }
  };

  /** The checks that a pool makes before it hands out a connection. */
  enum Checks {
    /** The pool's default checks. */
    DEFAULT,
    /** The pool validates each connection that it hands out, as often as it can. */
    VALIDATING,
    /** The same with the time limits that docs/pg-hello/client.md recommends. */
    BOUNDED
  }

  final DataSource start(String url, int size) throws SQLException {
    return start(url, size, Checks.DEFAULT);
  }

  abstract DataSource start(String url, int size, Checks checks) throws SQLException;

  void close(DataSource pool) throws Exception {
    ((AutoCloseable) pool).close();
  }
}
