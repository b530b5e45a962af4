// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.SqlScripts;
import javax.sql.DataSource;

/**
 * Fills a template database, for example with Flyway, Liquibase or a script. A preparer runs once
 * on each server. The tests' databases are copies of the template, with its tables and rows.
 *
 * <p>Equal preparers share a template. If a preparer has parameters, implement it as a record. If
 * the preparer is a lambda, keep it in a constant. Settings ({@code ALTER DATABASE}) and privileges
 * ({@code GRANT ON DATABASE}) of the template itself are not copied.
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
   * Returns a preparer that runs SQL scripts as the role that owns the database, each statement in
   * its own transaction. If a statement fails, the error contains the script's name and the line
   * number. Commands of psql are not supported.
   *
   * @param resources names of UTF-8 files on the class path, in execution order
   * @throws IllegalArgumentException if a file does not exist or is not UTF-8
   */
  static DatabasePreparer ofScripts(String... resources) {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    return SqlScripts.read(
        threads == null ? DatabasePreparer.class.getClassLoader() : threads, resources);
  }
}
