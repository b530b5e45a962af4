// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.ExtensionTest;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Provides a test's application context with its own database, which contains the given extensions.
 * Can be used as a meta-annotation.
 *
 * <pre>{@code
 * @SpringBootTest
 * @AutoConfigureExtensionDatabase(extensions = "vector")
 * class NeighboursTest {
 *   @Autowired JdbcTemplate jdbc;
 * }
 * }</pre>
 *
 * <p>Sets the properties {@code spring.datasource.url}, {@code .username} and {@code .password},
 * and {@code spring.test.database.replace=none}. The annotation therefore works with
 * {@code @SpringBootTest}, {@code @JdbcTest}, {@code @DataJpaTest}, {@code @JooqTest}, and
 * everything else that creates a data source from these properties. The values override all other
 * values of the properties, but not a {@code @ServiceConnection}. If the configuration contains
 * {@code spring.flyway.url} or {@code .user}, {@code spring.liquibase.url} or {@code .user}, or
 * {@code spring.r2dbc.url}, these connections are to the test's database, too.
 *
 * <ul>
 *   <li>Login: The application logs in as the ordinary role that owns the database. The extensions
 *       are already created.
 *   <li>Server: The system property {@code pg-extension.server} selects the server, by default an
 *       embedded one; see {@link ExtensionTest}. All contexts of this JVM with the same extensions
 *       and settings share a server or container, which stops when the JVM exits.
 *   <li>Lifetime: Spring caches contexts, so test classes with the same configuration share a
 *       context and its database. The database is dropped when the context is closed. On a server
 *       selected by a JDBC URL, the role and the template that were created for this context are
 *       dropped too.
 * </ul>
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface AutoConfigureExtensionDatabase {
  /** The lifetime of a test's changes in the database. */
  enum Reset {
    /** Changes stay until the context is closed: tests see data committed by earlier tests. */
    NEVER,
    /**
     * Before each test method, the database is restored to its state before the first test method
     * of the class. The reset takes about 50 ms.
     *
     * <ul>
     *   <li>The state includes changes made at the application's startup, such as tables created by
     *       migrations, and rows that the class inserts once, for example with {@code @Sql} in the
     *       phase {@code BEFORE_TEST_CLASS} or in {@code @BeforeAll}.
     *   <li>Before the next class, the rows of a class are removed. A nested class also sees the
     *       rows of the class that encloses it.
     *   <li>Open sessions are ended, and the context's HikariCP pools replace their connections.
     *   <li>In a hierarchy of contexts, the child contexts use the database of their parent.
     * </ul>
     *
     * Do not use this for tests that run in parallel on one context. Settings ({@code ALTER
     * DATABASE}) and privileges ({@code GRANT ON DATABASE}) of the database itself are not
     * restored. If a static {@code @BeforeAll} method with an injected parameter loads the context,
     * its rows stay in all classes that use this context.
     */
    BEFORE_EACH_METHOD
  }

  /** Names of the extensions to create; see {@link ExtensionTest#extensions()}. */
  String[] extensions() default {};

  /** Directories created by {@code make install}; see {@link ExtensionTest#install()}. */
  String[] install() default {};

  /** Server settings; see {@link ExtensionTest#settings()}. */
  String[] settings() default {};

  /**
   * Whether to create the extensions in each database. Default: true. If false, only their files
   * and settings are added to the server, so that the application's migrations can run {@code
   * CREATE EXTENSION} as in production, for trusted extensions only.
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
   * Class that fills the database before the application starts, for example {@link
   * io.pghello.extension.testkit.FlywayMigrations} or {@link
   * io.pghello.extension.testkit.LiquibaseChangelog}; it needs a constructor without parameters. It
   * runs once per JVM or, if it has a {@linkplain DatabasePreparer#cacheKey() key}, once for all
   * JVMs; the application's Flyway or Liquibase then validates the migrations, and runs only those
   * that are missing. It does not read {@code spring.flyway.*} and {@code spring.liquibase.*}, so
   * give it the same locations and placeholders. Default: none.
   */
  Class<? extends DatabasePreparer> preparer() default DatabasePreparer.class;

  /** The lifetime of a test's changes in the database. Default: until the context is closed. */
  Reset reset() default Reset.NEVER;
}
