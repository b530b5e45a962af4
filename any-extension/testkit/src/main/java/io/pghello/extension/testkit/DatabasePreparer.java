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
   * @param dataSource connections to the template, as the ordinary role that it belongs to
   * @throws Exception if it cannot be filled, which fails the tests that need it
   */
  void prepare(DataSource dataSource) throws Exception;

  /**
   * Returns a preparer that runs SQL scripts as the role that the database belongs to, each
   * statement in a transaction of its own. If a statement fails, the error names the script and the
   * line. Commands of psql are not supported.
   *
   * @param resources names of UTF-8 files on the class path, in the order in which they run
   * @throws IllegalArgumentException if there is no such file, or it is not UTF-8
   */
  static DatabasePreparer ofScripts(String... resources) {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    return SqlScripts.read(
        threads == null ? DatabasePreparer.class.getClassLoader() : threads, resources);
  }
}
