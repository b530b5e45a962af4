// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.ExtensionTest;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Provides the tests of a class with fresh databases that contain the extension {@code pg_hello}.
 * Short for {@code @ExtensionTest(extensions = "pg_hello")}.
 *
 * <pre>{@code
 * @PgHelloTest
 * class GreetingTest {
 *   @Test
 *   void greets(Connection connection) throws SQLException {
 *     connection.createStatement().execute("SELECT pg_hello('Ada')");
 *   }
 * }
 * }</pre>
 *
 * <p>{@link ExtensionTest} documents the parameters of tests, and the selection of the server with
 * the system property {@code pg-extension.server} or the environment variable {@code
 * PG_EXTENSION_SERVER}.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtensionTest(extensions = "pg_hello")
public @interface PgHelloTest {
  /** The tests that share a database. By default, each test method gets its own database. */
  ExtensionTest.Scope database() default ExtensionTest.Scope.METHOD;

  /** Whether to create the extension in the database; see {@link ExtensionTest#create()}. */
  boolean create() default true;

  /** SQL scripts that fill each database; see {@link ExtensionTest#scripts()}. Default: none. */
  String[] scripts() default {};

  /** Class that fills each database; see {@link ExtensionTest#preparer()}. Default: none. */
  Class<? extends DatabasePreparer> preparer() default DatabasePreparer.class;
}
