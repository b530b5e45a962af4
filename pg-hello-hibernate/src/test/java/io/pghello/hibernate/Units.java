// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.EntityTransaction;
import jakarta.persistence.Persistence;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import javax.sql.DataSource;

/** Persistence units for tests, with plain JPA. */
final class Units {
  static final String SCHEMA_ACTION = "jakarta.persistence.schema-generation.database.action";

  private Units() {}

  /** Opens a unit of META-INF/persistence.xml. By default, its tables are created. */
  static EntityManagerFactory open(String unit, DataSource dataSource, Map<String, ?> settings) {
    var all = new HashMap<String, Object>();
    all.put("jakarta.persistence.nonJtaDataSource", dataSource);
    all.put(SCHEMA_ACTION, "create");
    all.putAll(settings);
    return Persistence.createEntityManagerFactory(unit, all);
  }

  /** Runs an action in a transaction and commits unless it fails. */
  static void inTransaction(EntityManagerFactory factory, Consumer<EntityManager> action) {
    try (EntityManager manager = factory.createEntityManager()) {
      EntityTransaction transaction = manager.getTransaction();
      transaction.begin();
      try {
        action.accept(manager);
        transaction.commit();
      } finally {
        if (transaction.isActive()) {
          transaction.rollback();
        }
      }
    }
  }
}
