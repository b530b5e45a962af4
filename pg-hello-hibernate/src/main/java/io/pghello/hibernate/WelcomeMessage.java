// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.hibernate.internal.ServerValueBinder;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.hibernate.annotations.AttributeBinderType;
import org.hibernate.generator.EventType;

/**
 * Fills a {@code String} attribute with a greeting for the name in another attribute, for example
 * {@code Hello, Ada!}. The server computes the greeting with SQL {@code pg_hello(name, repeat)}
 * when the entity is written.
 *
 * <pre>{@code
 * String username;
 *
 * @WelcomeMessage(of = "username")
 * String greeting;
 * }</pre>
 *
 * <p>By default, filling the attribute takes no round trip per entity; see {@link ValueStrategy}.
 *
 * <ul>
 *   <li>A value set by the application is kept, unless {@link #overwrite} is true. Two values count
 *       as not set: null, and a greeting that was filled in for a different name.
 *   <li>If the name is null, the greeting is null. After the INSERT, a null does not replace the
 *       greeting.
 *   <li>With {@link EventType#UPDATE}, an entity gets a new greeting if its name has changed since
 *       it was loaded. If the name is unchanged, or lazy and not loaded, the greeting is kept. A
 *       missing greeting is filled in if the name is known.
 * </ul>
 *
 * <p>If a name cannot be sent or the query fails, the flush throws a {@link
 * org.hibernate.JDBCException}. Hibernate derives the exception type from the SQLSTATE, and the
 * root cause is a {@link io.pghello.extension.batching.FunctionCallException}. Roll back the
 * transaction in this case.
 *
 * <p>Limits:
 *
 * <ul>
 *   <li>Requires version 1.1 of the extension.
 *   <li>Unsupported mappings cause an error when the session factory is built.
 *   <li>Statements that bypass entity events do not fill the attribute: HQL {@code insert} and
 *       {@code update} (which can call the function themselves), and {@code
 *       StatelessSession.upsert} (unless the attribute is filled on {@link EventType#UPDATE}).
 * </ul>
 */
@AttributeBinderType(binder = ServerValueBinder.class)
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD})
public @interface WelcomeMessage {
  /** A value for {@link #repeat} that selects the session's setting {@code pg_hello.repeat}. */
  int SESSION_DEFAULT = 0;

  /**
   * Name of the attribute to greet: a {@code String} attribute of the same class, an attribute of
   * an embedded object in this class (for example {@code name.first}), the identifier, or a part of
   * an {@code @EmbeddedId}.
   */
  String of();

  /** Number of greetings, 1 to 10, or {@link #SESSION_DEFAULT}. */
  int repeat() default 1;

  /** The events at which the value is computed. */
  EventType[] event() default EventType.INSERT;

  /** The strategy for obtaining the value from the server. */
  ValueStrategy strategy() default ValueStrategy.AUTO;

  /** Whether to replace a value set by the application. */
  boolean overwrite() default false;
}
