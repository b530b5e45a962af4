// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Provides the tests of a class with fresh databases that contain extensions.
 *
 * <pre>{@code
 * @ExtensionTest(extensions = "vector")
 * class ItemsTest {
 *   @Test
 *   void createsTheTable(Connection connection) throws SQLException {
 *     connection.createStatement().execute("CREATE TABLE items (embedding vector(3))");
 *   }
 * }
 * }</pre>
 *
 * <p>As a meta-annotation, it provides your own annotation with defaults. Attributes of your
 * annotation override attributes with the same name, which must have the same type:
 *
 * <pre>{@code
 * @Retention(RetentionPolicy.RUNTIME)
 * @ExtensionTest(extensions = "vector")
 * @interface VectorTest {
 *   String[] scripts() default {};
 * }
 * }</pre>
 *
 * <p>If a class has both annotations, this one takes precedence. A class with two composed
 * annotations fails.
 *
 * <p>Test methods and lifecycle methods can have parameters of these types:
 *
 * <ul>
 *   <li>{@link javax.sql.DataSource}: opens connections to the test's database, without a pool. If
 *       a connection is still open when the test ends, the test fails, with the stack trace of the
 *       code that opened the connection.
 *   <li>{@link java.sql.Connection}: one connection, closed after the test.
 *   <li>{@link TestDatabase}: the database.
 *   <li>{@link WireProxy}: a proxy. In a test method with this parameter, the data source and the
 *       connection go through the proxy.
 *   <li>{@link ExtensionServer}: the server, which all tests of this JVM with the same extensions
 *       and settings share. If the tests run on a container or an existing server, tests with this
 *       parameter are aborted, which does not count as a failure.
 * </ul>
 *
 * The data source and the connection log in as the ordinary role that owns the database, or as the
 * superuser if the parameter is annotated with {@link Superuser}.
 *
 * <p>The system property {@code pg-extension.server}, or the environment variable {@code
 * PG_EXTENSION_SERVER} if the property is not set, selects the server:
 *
 * <ul>
 *   <li>{@code embedded}, the default: an {@link ExtensionServer} that runs the server from the
 *       archive on the class path. The archive determines the major version. {@code embedded:19}
 *       selects a major version: if the archive has another one, the server from Debian's packages
 *       in the cache is used.
 *   <li>{@code local}: an {@link ExtensionServer} that runs the programs of an installed
 *       PostgreSQL. The first PostgreSQL on the {@code PATH} is used or, if the {@code PATH}
 *       contains none, the newest one in the usual directories. {@code local:17} selects a major
 *       version, and {@code local:PATH} selects a {@code pg_config} or its directory.
 *   <li>{@code container} or {@code container:IMAGE}: an {@link ExtensionContainer} of {@code
 *       postgres:17} or of the given image.
 *   <li>A JDBC URL with the login of a superuser: your own server, which must be PostgreSQL 15 or
 *       later. First install the extensions' files on that server, and configure the values of
 *       {@link #settings()} there. After the tests, everything that the testkit created on the
 *       server is dropped.
 * </ul>
 *
 * <p>A test's database is dropped when the test ends. With the system property {@code
 * pg-extension.keep-failed=true} or the environment variable {@code PG_EXTENSION_KEEP_FAILED=true},
 * the database of a failed test is kept, and the commands to connect to it are logged.
 *
 * <p>Tests may run in parallel. If the server cannot be used, each test class fails once, with a
 * message that contains the cause and a remedy. Parameters with another annotation are left to
 * other extensions, except for annotations that document nullness. Arguments of parameterized tests
 * are left to JUnit; with JUnit 5.12, they must not have one of the types above.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ExtensionTestSupport.class)
public @interface ExtensionTest {
  /** The tests that share a database. */
  enum Scope {
    /** Each test method gets its own database. */
    METHOD,
    /** All test methods of the class and its nested classes share one database. */
    CLASS
  }

  /**
   * Names of the extensions to create in each database, without quotes. An extension can come from
   * {@link #install()}, from a jar on the class path ({@link NativeExtension#fromClassPath}), or
   * from the server. Default: the extensions in {@link #install()}.
   */
  String[] extensions() default {};

  /**
   * Directories created by {@code make install DESTDIR=directory}, absolute or relative to the
   * working directory of the tests. Default: none.
   */
  String[] install() default {};

  /**
   * Server settings, each as {@code name=value}. As in {@code postgresql.conf}, the name's case
   * does not matter, and the value may be in single quotes. Default: none.
   */
  String[] settings() default {};

  /**
   * Whether to create the extensions in each database. Default: true. If false, only their files
   * and settings are added to the server, so that the scripts or the preparer can run {@code CREATE
   * EXTENSION} as in production, for trusted extensions only.
   */
  boolean create() default true;

  /**
   * Schema to create the extensions in, without quotes; a schema in an extension's control file
   * takes precedence. If the schema does not exist, the database's owner creates it; the search
   * path does not change. Requires {@link #create()}; default: the first schema in the search path,
   * usually {@code public}.
   */
  String schema() default "";

  /**
   * Major version of the server, which takes precedence over the version in {@code
   * pg-extension.server}. Tests on a container or an existing server with another version are
   * aborted. Default: 0, the version of the archive on the class path or of {@code
   * pg-extension.server}.
   */
  int major() default 0;

  /** The tests that share a database. By default, each test method gets its own database. */
  Scope database() default Scope.METHOD;

  /**
   * SQL scripts on the class path that create the schema and rows of each database. They run once
   * for all tests that specify the same scripts; see {@link SqlScripts#fromClassPath}. Default:
   * none.
   */
  String[] scripts() default {};

  /**
   * Class that creates the schema and rows of each database after {@link #scripts()}, for example
   * with Flyway. It needs a constructor without parameters, and runs once for all tests that
   * specify it. Default: none.
   */
  Class<? extends DatabasePreparer> preparer() default DatabasePreparer.class;
}
