// SPDX-License-Identifier: MIT
package io.pghello.examples.kotlin

import javax.sql.DataSource
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.hibernate.SessionFactory
import org.hibernate.cfg.BatchSettings
import org.hibernate.cfg.JdbcSettings
import org.hibernate.cfg.SchemaToolingSettings
import org.hibernate.jpa.HibernatePersistenceConfiguration

/** The users of an application. Each function is one transaction. */
class Users(private val factory: SessionFactory) {
  // region save
  /** Saves new users. Hibernate blocks, so it runs on the dispatcher for blocking code. */
  suspend fun save(users: List<User>) =
    withContext(Dispatchers.IO) {
      factory.inTransaction { session -> users.forEach(session::persist) }
    }

  // endregion

  /** Greets the users within the query, oldest first. */
  suspend fun greetings(repeat: Int): List<String> =
    withContext(Dispatchers.IO) {
      factory.fromTransaction { session ->
        session
          .createSelectionQuery(
            "select pg_hello(username, :repeat) from User order by id",
            String::class.java,
          )
          .setParameter("repeat", repeat)
          .resultList
      }
    }

  companion object {
    /** Starts Hibernate, which creates the tables. */
    fun sessionFactory(dataSource: DataSource, vararg entities: Class<*>): SessionFactory =
      HibernatePersistenceConfiguration("users")
        .managedClasses(*entities)
        .property(JdbcSettings.JAKARTA_NON_JTA_DATASOURCE, dataSource)
        .property(BatchSettings.STATEMENT_BATCH_SIZE, 50)
        .property(SchemaToolingSettings.JAKARTA_HBM2DDL_DATABASE_ACTION, "create")
        .property(SchemaToolingSettings.HBM2DDL_HALT_ON_ERROR, true)
        .createEntityManagerFactory()
  }
}
