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
 * Fills an attribute with the server's wall clock, SQL {@code now_ms()}, when the entity is
 * written, by default without a round trip for each entity; see {@link ValueStrategy}. The
 * attribute is a {@code Long} or {@code long}, in milliseconds since 1970-01-01T00:00:00Z, or, in
 * whole milliseconds, a {@link java.time.Instant} or a {@link java.time.OffsetDateTime}, whose
 * offset is zero until it is loaded anew.
 *
 * <p>With {@link ValueStrategy#PREFETCH} the entities of one flush have one time, that of the first
 * look-up, and so have those of one {@link PgHelloSessions#prefetch}; otherwise each row has its
 * own.
 *
 * <p>A value that the program has set is kept, unless {@link #overwrite}; null, and 0 in a {@code
 * long}, count as not set, and so does the time that the object was given when it was written
 * before. What the INSERT has made is not replaced by what counts as not set. With {@link
 * ValueEvent#UPDATE} the time is computed anew whenever Hibernate writes the entity; the program
 * has set it if it differs from what was loaded.
 *
 * <p>What is not filled, and what is refused, is as with {@link WelcomeMessage}.
 */
@AttributeBinderType(binder = ServerValueBinder.class)
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD})
public @interface NowMillis {
  /** When the value is computed. */
  ValueEvent[] on() default ValueEvent.INSERT;

  /** The strategy by which the value comes from the server. */
  ValueStrategy strategy() default ValueStrategy.AUTO;

  /** Whether a value that the program has set is replaced. */
  boolean overwrite() default false;
}
