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
 * Fills an attribute with the server's current time, using SQL {@code now_ms()}, when the entity is
 * written. The attribute is a {@code Long} or {@code long} in milliseconds since
 * 1970-01-01T00:00:00Z, or an {@link java.time.Instant} or {@link java.time.OffsetDateTime} with
 * millisecond precision.
 *
 * <pre>{@code
 * @NowMillis long createdAt;
 *
 * @NowMillis(event = {EventType.INSERT, EventType.UPDATE})
 * Instant changedAt;
 * }</pre>
 *
 * <p>By default, filling the attribute takes no round trip per entity; see {@link ValueStrategy}.
 * With {@link ValueStrategy#PREFETCH}, all entities of one flush, or of one {@link
 * PgHelloSessions#prefetch} call, get the same time, taken by its first query. With the other
 * strategies, each row gets its own time.
 *
 * <p>A value set by the application is kept, unless {@link #overwrite} is true. Three values count
 * as not set: null, 0 in a {@code long}, and the time that was filled in when the object was last
 * written. If the value counts as not set when the entity is updated, the value created by the
 * INSERT is kept.
 *
 * <p>With {@link EventType#UPDATE}, every write of the entity computes a new time, unless the
 * application has changed the loaded value.
 *
 * <p>An {@code OffsetDateTime} has offset zero until the entity is loaded again. For statements
 * that bypass entity events, and for unsupported mappings, see {@link WelcomeMessage}.
 */
@AttributeBinderType(binder = ServerValueBinder.class)
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.METHOD})
public @interface NowMillis {
  /** The events at which the value is computed. */
  EventType[] event() default EventType.INSERT;

  /** The strategy for obtaining the value from the server. */
  ValueStrategy strategy() default ValueStrategy.AUTO;

  /** Whether to replace a value set by the application. */
  boolean overwrite() default false;
}
