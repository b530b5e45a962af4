// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.util.Optional;
import javax.sql.DataSource;

/**
 * Fills a template database, for example with Flyway, Liquibase or a script. A preparer runs once
 * on each server, and the tests' databases are copies of the template, with its tables and rows.
 *
 * <pre>{@code
 * record OrderTables() implements DatabasePreparer {
 *   @Override
 *   public void prepare(DataSource dataSource) throws SQLException {
 *     try (Connection connection = dataSource.getConnection()) {
 *       connection.createStatement().execute("CREATE TABLE orders (id bigint PRIMARY KEY)");
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>Equal preparers share a template, so implement a preparer as a record, or keep a lambda in a
 * constant. The copies have the settings of the template ({@code ALTER DATABASE SET}), but not the
 * privileges on it ({@code GRANT ON DATABASE}).
 *
 * @see SqlScripts
 * @see FlywayMigrations
 * @see LiquibaseChangelog
 */
@FunctionalInterface
public interface DatabasePreparer {
  /**
   * Fills the template. After this method returns, the testkit ends all sessions that are still
   * open in the template.
   *
   * @param dataSource a data source that connects to the template as the ordinary role that owns it
   * @throws Exception if the template cannot be filled; the tests that need the template then fail
   */
  void prepare(DataSource dataSource) throws Exception;

  /**
   * Returns a key for the template in the cache, so that later JVMs start with the template instead
   * of running this preparer. Two preparers of one class may have equal keys only if they create
   * the same contents, so the key is usually a hash of all scripts and the versions of the tools
   * that run them. Do not return a key if the contents depend on anything else, such as the current
   * date, random numbers, or the server's address and password.
   *
   * <ul>
   *   <li>The testkit adds the server, the extensions, the settings, the driver's version, the
   *       class name, and the JVM's time zone, locale and character set to the key.
   *   <li>In tests, a preparer with a key has a separate server.
   *   <li>Templates that take less than 200 ms to prepare are not stored; containers and running
   *       servers ignore the key.
   * </ul>
   *
   * @return the key, which can have any length; by default empty, so the template lives as long as
   *     the JVM
   */
  default Optional<String> cacheKey() {
    return Optional.empty();
  }
}
