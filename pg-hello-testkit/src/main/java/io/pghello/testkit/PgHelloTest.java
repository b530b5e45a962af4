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
 * Gives the tests of a class fresh databases that have the extension.
 *
 * <p>A test method, or one that JUnit calls before or after it, asks for what it needs with
 * parameters of these types:
 *
 * <ul>
 *   <li>{@link javax.sql.DataSource}: new connections to the test's database, without a pool. Those
 *       that are still open when the test ends fail it, with the place where they were opened.
 *   <li>{@link java.sql.Connection}: one connection, closed after the test.
 *   <li>{@link TestDatabase}: the database itself.
 *   <li>{@link WireProxy}: a proxy. In a test method that asks for it, data source and connection
 *       go through it.
 *   <li>{@link PgHelloServer}: the embedded server that all tests of this JVM share. Where the
 *       tests run against another server, such a test is aborted, not failed.
 * </ul>
 *
 * Data source and connection log in as the ordinary role that the database belongs to, or, with
 * {@link Superuser}, as the superuser.
 *
 * <p>Tests may run in parallel.
 *
 * <p>The system property {@code pghello.server}, or else the environment variable {@code
 * PG_HELLO_SERVER}, says where the databases are:
 *
 * <ul>
 *   <li>{@code embedded}, the default: a {@link PgHelloServer} of the major on the class path;
 *   <li>{@code local}: a {@link PgHelloServer} whose programs are those of an installed PostgreSQL,
 *       the first on the path; {@code local:17}, or {@code local:PATH} of a {@code pg_config} or of
 *       its folder, names another;
 *   <li>{@code container} or {@code container:IMAGE}: a {@link PgHelloContainer};
 *   <li>a JDBC URL, with the log-in of a superuser: a server of one's own, 15 or newer, on which
 *       the extension's files are installed. Everything that is created there is dropped in the
 *       end, and nothing else.
 * </ul>
 *
 * <p>A test's database is dropped when the test ends. With the system property {@code
 * pg-extension.keep-failed=true}, or the variable {@code PG_EXTENSION_KEEP_FAILED}, the database of
 * a failed test is kept, and the commands to connect to it are logged.
 *
 * <p>A class fails once, with the cause and what helps, if its server cannot be used.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(PgHelloExtension.class)
public @interface PgHelloTest {
  /** The unit that a database is created for. */
  enum Scope {
    /** Each test method has its own. */
    METHOD,
    /** All test methods of the class, and of its nested classes, share one. */
    CLASS
  }

  /** Whether a database is created for each method, the default, or one for the class. */
  Scope database() default Scope.METHOD;

  /** Whether the extension is created in the database. Default: true. */
  boolean extension() default true;

  /**
   * Returns SQL scripts of the class path that create the schema and rows of each database. They
   * run once for all tests that name the same scripts: see {@link DatabasePreparer#ofScripts}.
   * Default: none.
   */
  String[] scripts() default {};

  /**
   * Returns the class that creates the schema and rows of each database, after {@link #scripts()},
   * such as with Flyway. It has a constructor without parameters, and runs once for all tests that
   * name it. Default: none.
   */
  Class<? extends DatabasePreparer> preparer() default DatabasePreparer.class;
}
