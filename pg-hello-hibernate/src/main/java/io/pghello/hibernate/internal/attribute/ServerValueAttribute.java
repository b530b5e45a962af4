// SPDX-License-Identifier: MIT
package io.pghello.hibernate.internal.attribute;

import io.pghello.PgHelloRequest;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.hibernate.ValueStrategy;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An annotated attribute of an entity type, in the form that sessions use at runtime.
 *
 * @param value the settings of the attribute's annotation
 * @param strategy the strategy for obtaining the value; never {@code AUTO}
 * @param path the path to the attribute
 * @param source the path to the greeted name; null if the value is the time
 * @param type the attribute's type
 */
public record ServerValueAttribute(
    ServerValueCreator value,
    ValueStrategy strategy,
    AttributePath path,
    @Nullable AttributePath source,
    Class<?> type) {
  /** Returns whether two values are equal. Times are compared regardless of their offsets. */
  public static boolean isSame(@Nullable Object one, @Nullable Object other) {
    if (one instanceof OffsetDateTime time && other instanceof OffsetDateTime another) {
      return time.isEqual(another);
    }
    return Objects.equals(one, other);
  }

  /** Returns whether the attribute is loaded in an entity and has the given value. */
  public boolean has(Object entity, Object wanted) {
    return path.isLoaded(entity) && path.isReachable(entity) && isSame(path.get(entity), wanted);
  }

  public boolean isUnset(@Nullable Object now) {
    return now == null || (type == long.class && now.equals(0L));
  }

  /** Returns the request for a greeting. */
  public PgHelloRequest request(String name) {
    try {
      return PgHelloRequest.of(name, value.repeat(), String.valueOf(source));
    } catch (FunctionCallException e) {
      throw JdbcExceptions.convert(e, path.factory());
    }
  }

  /** Converts a server time to the attribute's type. */
  public Object time(long millis) {
    if (type == Long.class || type == long.class) {
      return millis;
    }
    Instant time = Instant.ofEpochMilli(millis);
    return type == Instant.class ? time : (Object) time.atOffset(ZoneOffset.UTC);
  }

  /** Converts an attribute's value to a server time in milliseconds. */
  public static long millis(Object time) {
    if (time instanceof Long millis) {
      return millis;
    }
    return time instanceof OffsetDateTime other
        ? other.toInstant().toEpochMilli()
        : ((Instant) time).toEpochMilli();
  }
}
