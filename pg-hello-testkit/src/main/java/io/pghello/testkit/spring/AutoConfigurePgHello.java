// SPDX-License-Identifier: MIT
package io.pghello.testkit.spring;

import io.pghello.extension.testkit.spring.AutoConfigureExtensionDatabase;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.PgHelloTest;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Provides a test's application context with its own database that contains the extension {@code
 * pg_hello}.
 *
 * <pre>{@code
 * @SpringBootTest
 * @AutoConfigurePgHello
 * class GreetingTest {
 *   @Autowired PgHelloClient client;
 * }
 * }</pre>
 *
 * <p>{@link AutoConfigureExtensionDatabase} documents the properties that are set and the lifetime
 * of databases. By default, the database is on the server that all tests of the JVM share ({@link
 * PgHelloServer#shared()}). The system property {@code pg-hello.server} or the environment variable
 * {@code PG_HELLO_SERVER} can select another server (see {@link PgHelloTest}): a container that all
 * contexts share, or the server at a JDBC URL. On the server at a URL, the objects created for a
 * context are dropped when the context is closed.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface AutoConfigurePgHello {
  /** The lifetime of a test's changes in the database. Default: the lifetime of the context. */
  AutoConfigureExtensionDatabase.Reset reset() default AutoConfigureExtensionDatabase.Reset.NEVER;
}
