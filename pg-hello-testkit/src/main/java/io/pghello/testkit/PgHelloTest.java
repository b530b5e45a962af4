// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabasePreparer;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Provides the tests of a class with fresh databases that contain the extension.
 *
 * <p>Test methods and lifecycle methods declare what they need as parameters of these types:
 *
 * <ul>
 *   <li>{@link javax.sql.DataSource}: opens connections to the test's database, without a pool. A
 *       connection that is still open at the end of the test fails the test; the error shows where
 *       it was opened.
 *   <li>{@link java.sql.Connection}: one connection, closed after the test.
 *   <li>{@link TestDatabase}: the database itself.
 *   <li>{@link WireProxy}: a proxy. In a test method with this parameter, the data source and the
 *       connection use the proxy.
 *   <li>{@link PgHelloServer}: the embedded server that all tests of this JVM share. If the tests
 *       run against another server, the test is aborted, not failed.
 * </ul>
 *
 * The data source and the connection log in as the ordinary role that owns the database or, with
 * {@link Superuser}, as the superuser.
 *
 * <p>Tests can run in parallel.
 *
 * <p>The system property {@code pghello.server}, or else the environment variable {@code
 * PG_HELLO_SERVER}, selects the server:
 *
 * <ul>
 *   <li>{@code embedded}, the default: a {@link PgHelloServer} with the major version on the class
 *       path
 *   <li>{@code local}: a {@link PgHelloServer} that uses the first installed PostgreSQL on the
 *       path. Select another one with {@code local:17} or {@code local:PATH}, the path of a {@code
 *       pg_config} or of its directory.
 *   <li>{@code container} or {@code container:IMAGE}: a {@link PgHelloContainer}
 *   <li>a JDBC URL with the login of a superuser: your own server, version 15 or newer, on which
 *       the extension's files are installed. Only objects created by the tests are dropped at the
 *       end.
 * </ul>
 *
 * <p>A test's database is dropped when the test ends. With the system property {@code
 * pg-extension.keep-failed=true}, or the environment variable {@code PG_EXTENSION_KEEP_FAILED}, the
 * database of a failed test is kept, and the commands to connect to it are logged.
 *
 * <p>If the server cannot be used, the class fails once, with the cause and a remedy.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(PgHelloExtension.class)
public @interface PgHelloTest {
  /** The scope of a database. */
  enum Scope {
    /** Each test method gets its own database. */
    METHOD,
    /** All test methods of the class and of its nested classes share a database. */
    CLASS
  }

  /** Scope of the database. Default: one database for each method. */
  Scope database() default Scope.METHOD;

  /** Whether to create the extension in the database. Default: true. */
  boolean extension() default true;

  /**
   * SQL scripts on the class path that create the schema and rows of each database. They run once
   * for all tests with the same scripts: see {@link DatabasePreparer#ofScripts}. Default: none.
   */
  String[] scripts() default {};

  /**
   * Class that creates the schema and rows of each database after {@link #scripts()}, for example
   * with Flyway. It needs a constructor without parameters and runs once for all tests that use it.
   * Default: none.
   */
  Class<? extends DatabasePreparer> preparer() default DatabasePreparer.class;
}
