// SPDX-License-Identifier: MIT
package io.pghello.testkit.spring;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.core.annotation.AliasFor;

/**
 * Provides a test's application context with its own database that contains the extension {@code
 * pg_hello}. Short for {@code @AutoConfigureExtensionDatabase(extensions = "pg_hello")}.
 *
 * <pre>{@code
 * @SpringBootTest
 * @AutoConfigurePgHello
 * class GreetingTest {
 *   @Autowired PgHelloClient client;
 * }
 * }</pre>
 *
 * <p>{@link AutoConfigureExtensionDatabase} documents the properties that are set, the lifetime of
 * databases, and the selection of the server.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@AutoConfigureExtensionDatabase(extensions = "pg_hello")
public @interface AutoConfigurePgHello {
  /**
   * Whether to create the extension; see {@link AutoConfigureExtensionDatabase#create()}. Default:
   * true.
   */
  @AliasFor(annotation = AutoConfigureExtensionDatabase.class)
  boolean create() default true;

  /**
   * Class that fills the database; see {@link AutoConfigureExtensionDatabase#preparer()}. Default:
   * none.
   */
  @AliasFor(annotation = AutoConfigureExtensionDatabase.class)
  Class<? extends DatabasePreparer> preparer() default DatabasePreparer.class;

  /** The lifetime of a test's changes in the database. Default: the lifetime of the context. */
  @AliasFor(annotation = AutoConfigureExtensionDatabase.class)
  AutoConfigureExtensionDatabase.Reset reset() default AutoConfigureExtensionDatabase.Reset.NEVER;
}
