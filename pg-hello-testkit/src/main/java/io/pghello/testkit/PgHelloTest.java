// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.SqlScripts;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.WireProxy;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Provides the tests of a class with fresh databases that contain the extension {@code pg_hello}.
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
 * <p>Test methods and lifecycle methods can have parameters of these types:
 *
 * <ul>
 *   <li>{@link javax.sql.DataSource}: opens connections to the test's database, without a pool. If
 *       a connection is still open when the test ends, the test fails, with the stack trace of the
 *       code that opened the connection.
 *   <li>{@link java.sql.Connection}: one connection, closed after the test.
 *   <li>{@link TestDatabase}: the database itself.
 *   <li>{@link WireProxy}: a proxy. In a test method with this parameter, the data source and the
 *       connection use the proxy.
 *   <li>{@link PgHelloServer}: the server that all tests of this JVM share. If the tests run on a
 *       container or an existing server, tests with this parameter are aborted, which does not
 *       count as a failure.
 * </ul>
 *
 * The data source and the connection log in as the ordinary role that owns the database, or as the
 * superuser if the parameter is annotated with {@link Superuser}.
 *
 * <p>The system property {@code pg-hello.server}, or the environment variable {@code
 * PG_HELLO_SERVER} if the property is not set, selects the server:
 *
 * <ul>
 *   <li>{@code embedded}, the default: a {@link PgHelloServer} with the server archive on the class
 *       path, which determines the major version
 *   <li>{@code local}: a {@link PgHelloServer} that runs the programs of an installed PostgreSQL.
 *       The first PostgreSQL on the {@code PATH} is used or, if the {@code PATH} contains none, the
 *       newest one in the usual directories. {@code local:17} selects a major version, and {@code
 *       local:PATH} selects a {@code pg_config} or its directory.
 *   <li>{@code container} or {@code container:IMAGE}: a {@link PgHelloContainer}
 *   <li>a JDBC URL with the login of a superuser: your own server, which must run PostgreSQL 15 or
 *       later and have the extension's files. After the tests, only the objects that the testkit
 *       created are dropped.
 * </ul>
 *
 * <p>A test's database is dropped when the test ends. With the system property {@code
 * pg-extension.keep-failed=true}, or the environment variable {@code
 * PG_EXTENSION_KEEP_FAILED=true}, the database of a failed test is kept, and the commands to
 * connect to it are logged.
 *
 * <p>Tests may run in parallel. If the server cannot be used, each test class fails once, with a
 * message that contains the cause and a remedy. Parameters with another annotation are left to
 * other extensions, except for annotations that document nullness. Arguments of parameterized tests
 * are left to JUnit; with JUnit 5.12, they must not have one of the types above.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(PgHelloTestSupport.class)
public @interface PgHelloTest {
  /** The tests that share a database. By default, each test method gets its own database. */
  ExtensionTest.Scope database() default ExtensionTest.Scope.METHOD;

  /** Whether to create the extension in the database. Default: true. */
  boolean create() default true;

  /**
   * SQL scripts on the class path that create the schema and rows of each database. They run once
   * for all tests with the same scripts; see {@link SqlScripts#fromClassPath}. Default: none.
   */
  String[] scripts() default {};

  /**
   * Class that creates the schema and rows of each database after {@link #scripts()}, for example
   * with Flyway. It needs a constructor without parameters and runs once for all tests that use it.
   * Default: none.
   */
  Class<? extends DatabasePreparer> preparer() default DatabasePreparer.class;
}
