// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.boot.registry.BootstrapServiceRegistryBuilder;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.transaction.jta.platform.internal.NoJtaPlatform;

/** Session factories for tests. */
final class Factories {
  private Factories() {}

  /** Opens a factory that creates its tables and drops them when it is closed. */
  static SessionFactory open(DataSource dataSource, Map<String, ?> settings, Class<?>... entities) {
    var loaders = new BootstrapServiceRegistryBuilder();
    for (Class<?> entity : entities) {
      loaders.applyClassLoader(entity.getClassLoader());
    }
    var configuration = new Configuration(loaders.build());
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.getProperties().put("hibernate.hbm2ddl.auto", "create-drop");
    // it is on the class path for tests that need it
    configuration.getProperties().put("hibernate.transaction.jta.platform", NoJtaPlatform.INSTANCE);
    configuration.getProperties().putAll(settings);
    for (Class<?> entity : entities) {
      configuration.addAnnotatedClass(entity);
    }
    return configuration.buildSessionFactory();
  }
}
