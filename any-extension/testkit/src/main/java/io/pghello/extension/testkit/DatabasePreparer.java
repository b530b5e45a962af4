// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import javax.sql.DataSource;

/**
 * Fills a template database, for example with Flyway, Liquibase or a script. A preparer runs once
 * on each server. The tests' databases are copies of the template, with its tables and rows.
 *
 * <p>Equal preparers share a template. If a preparer has parameters, implement it as a record. If
 * the preparer is a lambda, keep it in a constant. The copies have the settings of the template
 * ({@code ALTER DATABASE SET}), but not the privileges on it ({@code GRANT ON DATABASE}).
 *
 * @see SqlScripts
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
}
