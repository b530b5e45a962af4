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
 * Gives a test's application context a database of its own that has the extension, on the server
 * that all tests of the JVM share ({@link PgHelloServer#shared()}), or on the one that the system
 * property {@code pghello.server}, or the variable {@code PG_HELLO_SERVER}, names as {@link
 * PgHelloTest} says: one container for all contexts, or a server by its JDBC URL, on which what was
 * made for a context is dropped when that is closed.
 *
 * <pre>{@code
 * @SpringBootTest
 * @AutoConfigurePgHello
 * class GreetingTest {
 *   @Autowired PgHelloClient client;
 * }
 * }</pre>
 *
 * <p>Sets the properties that {@link AutoConfigureExtensionDatabase} sets, and databases have the
 * life that it says.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface AutoConfigurePgHello {
  /** The time that a test's changes stay in the database. */
  enum Reset {
    /** As long as the context: tests see what those before them have committed. */
    NEVER,
    /**
     * Until the next test method, which finds the database as it was before the first one on this
     * context; see {@link AutoConfigureExtensionDatabase.Reset#BEFORE_EACH_METHOD}.
     */
    BEFORE_EACH_METHOD
  }

  /** Returns how long a test's changes stay in the database. Default: as long as the context. */
  Reset reset() default Reset.NEVER;
}
