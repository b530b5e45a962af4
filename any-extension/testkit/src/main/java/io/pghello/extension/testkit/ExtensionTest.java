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
 * Gives the tests of a class fresh databases that have extensions. May stand on an annotation of
 * one's own.
 *
 * <p>Test methods and lifecycle methods can have parameters of these types:
 *
 * <ul>
 *   <li>{@link javax.sql.DataSource}: new connections to the test's database, without a pool.
 *       Connections that are still open at the end fail the test. The error contains the place
 *       where they were opened.
 *   <li>{@link java.sql.Connection}: one connection, closed after the test.
 *   <li>{@link TestDatabase}: the database itself.
 *   <li>{@link WireProxy}: a proxy. In a test method that asks for it, data source and connection
 *       go through it.
 *   <li>{@link ExtensionServer}: the server, which all tests of this JVM with the same extensions
 *       and settings share. If the tests run against another server, such a test is aborted, not
 *       failed.
 * </ul>
 *
 * The data source and the connection log in as the owner of the database, an ordinary role, or,
 * with {@link Superuser}, as the superuser.
 *
 * <p>Tests may run in parallel.
 *
 * <p>The system property {@code pg-extension.server}, otherwise the environment variable {@code
 * PG_EXTENSION_SERVER}, selects the server:
 *
 * <ul>
 *   <li>{@code embedded}, the default: an {@link ExtensionServer} of the major on the class path;
 *   <li>{@code local}: an {@link ExtensionServer} whose programs are those of an installed
 *       PostgreSQL, the first on the path; {@code local:17}, or {@code local:PATH} of a {@code
 *       pg_config} or of its folder, names another;
 *   <li>{@code container} or {@code container:IMAGE}: an {@link ExtensionContainer} of {@code
 *       postgres:17}, or of that image;
 *   <li>a JDBC URL, with the login of a superuser: your own server, version 15 or newer, with the
 *       extensions' files installed and with {@link #settings()} already. Everything that the tests
 *       create there is dropped at the end, and nothing else.
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
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ExtensionTestSupport.class)
public @interface ExtensionTest {
  /** The unit that a database is created for. */
  enum Scope {
    /** Each test method has its own. */
    METHOD,
    /** All test methods of the class, and of its nested classes, share one. */
    CLASS
  }

  /**
   * The names of the extensions that databases have, not quoted: those of {@link #install()}, of
   * jars on the class path ({@link NativeExtension#of}), or that come with the server. Default:
   * those of {@link #install()}.
   */
  String[] extensions() default {};

  /**
   * Folders that {@code make install DESTDIR=folder} has made, relative to the working directory of
   * the tests or absolute. Default: none.
   */
  String[] install() default {};

  /** Settings of the server, each as {@code name=value}, not quoted. Default: none. */
  String[] settings() default {};

  /** Whether a database is created for each method, the default, or one for the class. */
  Scope database() default Scope.METHOD;

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
