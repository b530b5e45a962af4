// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.spring;

import io.pghello.extension.testkit.ExtensionTest;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Provides a separate database with extensions for the application context of a test, on an
 * embedded server or on the server in the system property {@code pg-extension.server} (see {@link
 * ExtensionTest}). Can be used as a meta-annotation.
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
 * which prevail over all other properties of these names (not over a {@code @ServiceConnection}),
 * and {@code spring.test.database.replace=none}. So it works with {@code @SpringBootTest},
 * {@code @JdbcTest}, {@code @DataJpaTest}, {@code @JooqTest}, and whatever else makes a data source
 * of these properties. The application logs in as the ordinary role that the database belongs to;
 * {@code CREATE EXTENSION} has been run.
 *
 * <p>Test classes with the same configuration share a context, because Spring caches it, and also
 * its database. It is dropped when the context is closed. All contexts of this JVM with the same
 * extensions and settings share a server or a container, which ends with the JVM. On a server by
 * its JDBC URL, closing the context also drops the role and the template that were made for it.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface AutoConfigureExtensionDatabase {
  /** The time that a test's changes stay in the database. */
  enum Reset {
    /** As long as the context: tests see what those before them have committed. */
    NEVER,
    /**
     * Until the next test method, which finds the database as it was before the first one on this
     * context: including the objects that the application created at startup, such as tables of a
     * migration, but without settings and privileges of the database itself ({@code ALTER
     * DATABASE}). Open sessions are terminated, and the HikariCP pools of the context's data
     * sources open new ones. Costs some 50 ms a method. Not for tests that run in parallel on one
     * context.
     */
    BEFORE_EACH_METHOD
  }

  /** Returns the names of the extensions; see {@link ExtensionTest#extensions()}. */
  String[] extensions() default {};

  /** Returns folders of {@code make install}; see {@link ExtensionTest#install()}. */
  String[] install() default {};

  /** Returns settings of the server; see {@link ExtensionTest#settings()}. */
  String[] settings() default {};

  /** Returns how long a test's changes stay in the database. Default: as long as the context. */
  Reset reset() default Reset.NEVER;
}
