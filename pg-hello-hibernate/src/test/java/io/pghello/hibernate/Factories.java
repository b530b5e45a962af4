// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import java.util.Map;
import javax.sql.DataSource;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;

/** Session factories for tests. */
final class Factories {
  private Factories() {}

  /** Opens a factory whose tables are created, and dropped when it is closed. */
  static SessionFactory open(DataSource dataSource, Map<String, ?> settings, Class<?>... entities) {
    var configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", dataSource);
    configuration.getProperties().put("hibernate.hbm2ddl.auto", "create-drop");
    configuration.getProperties().putAll(settings);
    for (Class<?> entity : entities) {
      configuration.addAnnotatedClass(entity);
    }
    return configuration.buildSessionFactory();
  }
}
