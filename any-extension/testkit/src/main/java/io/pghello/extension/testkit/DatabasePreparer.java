// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import io.pghello.extension.testkit.internal.SqlScripts;
import javax.sql.DataSource;

/**
 * Fills a template database, for example with Flyway, Liquibase or a script. It runs once on each
 * server. The databases of tests are copies of the template, with its tables and rows.
 *
 * <p>Preparers that are equal share a template: make one that has parameters a record, and keep one
 * that is a lambda in a constant. Settings and privileges of the database itself ({@code ALTER
 * DATABASE}) are not copied.
 */
@FunctionalInterface
public interface DatabasePreparer {
  /**
   * Fills the template. Sessions that are open afterwards are ended.
   *
   * @param dataSource connections to the template as its owner, an ordinary role
   * @throws Exception if the template cannot be filled; the tests that need it fail
   */
  void prepare(DataSource dataSource) throws Exception;

  /**
   * Returns a preparer that runs SQL scripts as the owner of the database, each statement in a
   * separate transaction. If a statement fails, the error names the script and the line. Commands
   * of psql are not supported.
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
