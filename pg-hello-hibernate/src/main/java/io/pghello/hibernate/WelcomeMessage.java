// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import io.pghello.hibernate.internal.ServerValueBinder;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.hibernate.annotations.AttributeBinderType;

/**
 * Fills a {@code String} attribute with the greeting of another one, as SQL {@code pg_hello(name,
 * repeat)} says it: {@code Hello, Ada!}. The server computes it when the entity is written, by
 * default without a round trip for each entity; see {@link ValueStrategy}.
 *
 * <p>A value that the program has set is kept, unless {@link #overwrite}; null counts as not set,
 * and so does a greeting that the object was given here for another name. A null name has no
 * greeting: the attribute is null. What the INSERT has made is not replaced by a null, as it would
 * be where an object without it is merged.
 *
 * <p>With {@link ValueEvent#UPDATE}, an entity whose name has changed since it was loaded gets a
 * new greeting; one whose name has not, or is lazy and not loaded, keeps the one it has, unless
 * that is null and the name is there.
 *
 * <p>Not filled is what Hibernate writes without asking: HQL {@code insert} and {@code update}, in
 * which the function can be used, and what {@code StatelessSession.upsert} writes, but for values
 * with {@link ValueEvent#UPDATE}.
 *
 * <p>What cannot work is refused when the session factory is built. Needs version 1.1 of the
 * extension. A name that cannot be sent, or a look-up that fails, fails the flush as any statement
 * of Hibernate does: with the {@link org.hibernate.JDBCException} that Hibernate makes of its
 * SQLSTATE, whose root cause is a {@link io.pghello.PgHelloException}; its transaction is to be
 * rolled back.
 */
@AttributeBinderType(binder = ServerValueBinder.class)
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD})
public @interface WelcomeMessage {
  /** The {@link #repeat} that leaves it to the session's setting {@code pg_hello.repeat}. */
  int AS_SET = 0;

  /**
   * The attribute that is greeted: a {@code String} of the same class, one of an embedded object in
   * it, as in {@code name.first}, or the identifier, or a part of an {@code @EmbeddedId}.
   */
  String of();

  /** The number of times that the name is greeted, 1 to 10, or {@link #AS_SET}. */
  int repeat() default 1;

  /** When the value is computed. */
  ValueEvent[] on() default ValueEvent.INSERT;

  /** The strategy by which the value comes from the server. */
  ValueStrategy strategy() default ValueStrategy.AUTO;

  /** Whether a value that the program has set is replaced. */
  boolean overwrite() default false;
}
